// Health and metrics over HTTP for the processes without an API of their own (router, workers,
// audit): GET /health/live, /health/ready, /metrics.
import { createServer, type Server } from 'node:http';
import { type Registry } from 'prom-client';
import { type Health } from './health';

/** Listens and resolves with the server; close it on shutdown. */
export async function serveHealth(
  health: Health, registry: Registry, address: { host: string; port: number },
): Promise<Server> {
  const server = createServer((request, response) => {
    const send = (status: number, type: string, body: string): void => {
      response.writeHead(status, { 'content-type': type }).end(body);
    };
    if (request.url === '/health/live') {
      send(200, 'application/json', '{"status":"live"}');
    } else if (request.url === '/health/ready') {
      const { status, body } = health.report();
      send(status, 'application/json', JSON.stringify(body));
    } else if (request.url === '/metrics') {
      registry.metrics().then(
        (text) => send(200, registry.contentType, text),
        (error: unknown) => send(500, 'text/plain', String(error)),
      );
    } else {
      send(404, 'application/json', '{"error":"try /health/live, /health/ready, /metrics"}');
    }
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(address.port, address.host, resolve);
  });
  return server;
}
