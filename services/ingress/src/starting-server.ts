// Answers while the process still waits for the log: alive, not ready, and a 503 with its reason.
import { createServer, type Server } from 'node:http';
import { retryAfterFaultS } from './shared/refusal';

export async function answerWhileStarting(
  address: { host: string; port: number },
): Promise<{ close: () => Promise<void> }> {
  const server: Server = createServer((request, response) => {
    const live = request.url === '/health/live';
    response.writeHead(live ? 200 : 503, {
      'content-type': 'application/json', 'retry-after': String(retryAfterFaultS),
      connection: 'close',
    });
    const status = live ? 'live' : 'starting';
    const message = 'This instance is starting; it waits for the log.';
    const error = { message, type: 'server_error', param: null, code: 'starting' };
    response.end(JSON.stringify(live ? { status } : { status, dependencies: {}, error }));
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(address.port, address.host, resolve);
  });
  return {
    close: () => new Promise((resolve) => {
      server.close(() => resolve());
      server.closeAllConnections();
    }),
  };
}
