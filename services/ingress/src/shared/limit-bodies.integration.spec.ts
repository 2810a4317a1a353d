// Large bodies over real sockets: refused before they are read, and forgotten when clients leave.
import { connect, type Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { chat, post, specAdminToken, specKey, type SpecIngress, startForSpecs } from '../start-for-specs';

const large = { ...chat, user: 'x'.repeat(200_000) };
let spec: SpecIngress;
let sockets: Socket[] = [];

beforeEach(async () => {
  spec = await startForSpecs({ HOLDFAST_BODIES_MAX_BYTES: '300000', HOLDFAST_BODY_MAX_BYTES: '250000' });
  spec.system.script = () => undefined;
});
afterEach(async () => {
  for (const socket of sockets) socket.destroy();
  sockets = [];
  await spec.stop();
});

const held = (): number => spec.ingress.edge.bodies.bytes;

async function until(condition: () => boolean): Promise<void> {
  const end = Date.now() + 20_000;
  while (!condition()) {
    if (Date.now() > end) throw new Error('it did not happen in time');
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

function open(...texts: string[]): { socket: Socket; received: () => string } {
  const socket = connect(Number(new URL(spec.url).port), '127.0.0.1');
  let received = '';
  socket.on('data', (bytes) => { received += bytes.toString(); });
  socket.on('error', () => undefined);
  for (const text of texts) socket.write(text);
  sockets.push(socket);
  return { socket, received: () => received };
}

const head = (lines: string, key = specKey, path = '/v1/chat/completions'): string =>
  `POST ${path} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${key}\r\n`
  + `content-type: application/json\r\n${lines}\r\n\r\n`;
const withLength = (text: string): string => `${head(`content-length: ${text.length}`)}${text}`;

describe('a large body', () => {
  it('is a 429 before it is read when there is no room for it; small ones pass', async () => {
    const first = post(spec, '/v1/chat/completions', large);
    await until(() => spec.system.events.length === 1);
    const second = open(head('content-length: 200000'));
    await until(() => second.received().includes('429'));
    expect(second.received()).toMatch(/retry-after: 1\r\n/i);
    const asynchronous = { prefer: 'respond-async' };
    expect((await post(spec, '/v1/chat/completions', chat, asynchronous)).status).toBe(202);
    spec.ingress.edge.waiters.shutdown();
    await first;
    await until(() => held() === 0);
    expect(spec.system.events.filter(({ type }) => type === 'JobSubmitted')).toHaveLength(2);
  });

  it('above the limit is a 413 that its client gets to read, whatever its size', async () => {
    const response = await post(spec, '/v1/chat/completions', { ...chat, user: 'x'.repeat(9_000_000) });
    expect(response.status).toBe(413);
    expect(await response.json()).toMatchObject({ error: { code: 'request_too_large' } });
  });

  it('of a stranger is a 401 before it is read', async () => {
    const stranger = open(head('content-length: 200000', 'hf-unknown'));
    await until(() => stranger.received().includes('HTTP/1.1 401'));
    expect(held()).toBe(0);
  });

  it('to administration is a 401 before it is read, and takes no room', async () => {
    for (const path of ['/admin/v1/keys', '/%61dmin/v1/keys', '/audit/v1/exports', '/admin/v1/no/such']) {
      for (const key of ['hfa_unknown', specKey]) {
        const stranger = open(head('content-length: 200000', key, path));
        await until(() => /HTTP\/1.1 401/.test(stranger.received()));
      }
    }
    expect(held()).toBe(0);
    const administrator = open(head('content-length: 200000', specAdminToken, '/admin/v1/keys'));
    await until(() => held() === 200_000);
    administrator.socket.destroy();
    await until(() => held() === 0);
  });

  it('gives its room back when its client leaves in the middle', async () => {
    const { socket } = open(head('content-length: 200000'), 'x'.repeat(100_000));
    await until(() => held() === 200_000);
    socket.destroy();
    await until(() => held() === 0);
  });

  it('gives its room back when its client leaves behind another request', async () => {
    const { socket } = open(
      withLength(JSON.stringify(chat)), head('content-length: 200000'), 'x'.repeat(100_000),
    );
    await until(() => held() === 200_000);
    socket.destroy();
    await until(() => held() === 0);
  });

  it('that came in chunks holds what it was', async () => {
    open(head('transfer-encoding: chunked'));
    await until(() => held() === 250_000);
    const text = JSON.stringify({ ...chat, user: 'x'.repeat(100_000) });
    open(head('transfer-encoding: chunked'));
    await until(() => sockets.length === 2);
    const [first] = sockets;
    first!.write(`${text.length.toString(16)}\r\n${text}\r\n0\r\n\r\n`);
    await until(() => held() === text.length);
  });
});
