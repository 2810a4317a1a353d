// A test message leaves as a delivery does: signed, through the configured proxy, and to no address
// inside the network.
import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import { type AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from '@jest/globals';
import { Webhook } from 'standardwebhooks';
import { post, type SpecIngress, startForSpecs } from '../start-for-specs';

let spec: SpecIngress;
const servers: Server[] = [];
afterEach(async () => {
  await spec.stop();
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    server.close();
  }
});

interface Received { readonly headers: IncomingHttpHeaders; readonly body: string }

async function listen(server: Server): Promise<string> {
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

async function startReceiver(): Promise<{ url: string; received: Received[] }> {
  const received: Received[] = [];
  const url = await listen(createServer((request, response) => {
    let body = '';
    request.on('data', (chunk: Buffer) => { body += chunk.toString(); });
    request.on('end', () => {
      received.push({ headers: request.headers, body });
      response.writeHead(204).end();
    });
  }));
  return { url, received };
}

/** Notes where it was asked to connect to, and refuses. */
async function startProxy(): Promise<{ url: string; asked: string[] }> {
  const asked: string[] = [];
  const server = createServer();
  server.on('connect', (request, socket) => {
    asked.push(request.url ?? '');
    socket.end('HTTP/1.1 502 Bad Gateway\r\n\r\n');
  });
  return { url: await listen(server), asked };
}

async function allowPrivate(allowed: boolean): Promise<void> {
  await spec.ingress.edge.governance.change(() => [{
    type: 'SettingsChanged', subject: 'settings', tenant: '',
    data: { webhooks_allow_private: allowed, origin: 'system' },
  }]);
}

async function testOf(url: string): Promise<{ secret: string; sent: Record<string, unknown> }> {
  const made = await post(spec, '/v1/webhook_endpoints', { url });
  const { id, secret } = await made.json() as { id: string; secret: string };
  const answer = await post(spec, `/v1/webhook_endpoints/${id}/test`, '');
  expect(answer.status).toBe(200);
  return { secret, sent: await answer.json() as Record<string, unknown> };
}

describe('a test message', () => {
  it('goes through the proxy that deliveries go through', async () => {
    const proxy = await startProxy();
    spec = await startForSpecs({ HTTPS_PROXY: proxy.url });
    const { sent } = await testOf('https://203.0.114.1/hook');
    expect(proxy.asked).toEqual(['203.0.114.1:443']);
    expect(sent).toMatchObject({ delivered: false, status: null });
    expect(String(sent['message'])).toContain('502');
  });

  it('goes past the proxy where NO_PROXY says so, signed with the secret of the endpoint', async () => {
    const [proxy, receiver] = [await startProxy(), await startReceiver()];
    spec = await startForSpecs({ HTTP_PROXY: proxy.url, NO_PROXY: '127.0.0.1' });
    await allowPrivate(true);
    const { secret, sent } = await testOf(`${receiver.url}/hook`);
    expect(sent).toMatchObject({ delivered: true, status: 204, message: null });
    expect(proxy.asked).toEqual([]);
    const [{ headers, body }] = receiver.received as [Received];
    expect(new Webhook(secret).verify(body, headers as Record<string, string>))
      .toMatchObject({ type: 'test' });
  });

  it('is refused for an endpoint inside the network that was allowed once', async () => {
    const receiver = await startReceiver();
    spec = await startForSpecs();
    await allowPrivate(true);
    const made = await post(spec, '/v1/webhook_endpoints', { url: `${receiver.url}/hook` });
    const { id } = await made.json() as { id: string };
    await allowPrivate(false);
    expect((await post(spec, `/v1/webhook_endpoints/${id}/test`, '')).status).toBe(400);
    expect(receiver.received).toEqual([]);
  });
});
