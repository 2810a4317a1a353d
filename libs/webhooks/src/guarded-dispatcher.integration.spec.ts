// The way out for webhooks, with and without a proxy, against servers of this process.
import { createServer, type Server } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { afterEach, describe, expect, test } from '@jest/globals';
import { type EgressProxy } from '@libs/settings/egress-proxy';
import { request } from 'undici';
import { AddressRefused, guardedDispatcher, type GuardedDispatcher } from './guarded-dispatcher';

const direct: EgressProxy = { httpProxy: null, httpsProxy: null, noProxy: null };
const closers: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0)) await close();
});

function way(proxy: EgressProxy, allowPrivate: boolean): GuardedDispatcher {
  const guarded = guardedDispatcher(proxy, () => allowPrivate);
  closers.push(() => guarded.close());
  return guarded;
}

async function listen(server: Server): Promise<number> {
  closers.push(() => { server.closeAllConnections(); server.close(); });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return (server.address() as AddressInfo).port;
}

async function startReceiver(): Promise<number> {
  return listen(createServer((_, response) => response.writeHead(204).end()));
}

/** Tunnels to wherever it is asked, and notes it. */
async function startProxy(): Promise<{ url: string; asked: string[] }> {
  const asked: string[] = [];
  const sockets = new Set<Socket>();
  const server = createServer();
  server.on('connect', (asking, socket: Socket) => {
    asked.push(asking.url ?? '');
    const [host = '', port = ''] = (asking.url ?? '').split(':');
    const target = connect(Number(port), host, () => {
      socket.write('HTTP/1.1 200 OK\r\n\r\n');
      target.pipe(socket).pipe(target);
    });
    for (const one of [socket, target]) sockets.add(one.on('error', () => one.destroy()));
  });
  closers.push(() => { for (const socket of sockets) socket.destroy(); });
  return { url: `http://127.0.0.1:${await listen(server)}`, asked };
}

async function statusOf({ dispatcher }: GuardedDispatcher, url: string): Promise<number> {
  const { statusCode, body } = await request(url, { method: 'POST', dispatcher });
  await body.dump();
  return statusCode;
}

describe('a connection for a webhook', () => {
  test('is refused when the name leads inside the network', async () => {
    const port = await startReceiver();
    await expect(statusOf(way(direct, false), `http://localhost:${port}`))
      .rejects.toThrow(AddressRefused);
    expect(await statusOf(way(direct, true), `http://localhost:${port}`)).toBe(204);
  });

  test('goes through the proxy, which may have a private address itself', async () => {
    const [port, proxy] = [await startReceiver(), await startProxy()];
    const guarded = way({ ...direct, httpProxy: proxy.url }, false);
    expect(await statusOf(guarded, `http://localhost:${port}`)).toBe(204);
    expect(proxy.asked).toEqual([`localhost:${port}`]);
  });

  test('is refused for a name that leads inside past the proxy', async () => {
    const [port, proxy] = [await startReceiver(), await startProxy()];
    const past = { ...direct, httpProxy: proxy.url, noProxy: 'localhost' };
    await expect(statusOf(way(past, false), `http://localhost:${port}`))
      .rejects.toThrow(AddressRefused);
    const onlyHttps = { ...direct, httpsProxy: proxy.url };
    await expect(statusOf(way(onlyHttps, false), `http://localhost:${port}`))
      .rejects.toThrow(AddressRefused);
    expect(proxy.asked).toEqual([]);
  });

  test('is not asked for when the address of the URL, or what it names, is inside', async () => {
    const proxied = way({ ...direct, httpProxy: 'http://127.0.0.1:1' }, false);
    await expect(proxied.check(new URL('http://localhost/'))).rejects.toThrow(AddressRefused);
    await expect(way(direct, false).check(new URL('http://[::1]/'))).rejects.toThrow(AddressRefused);
  });
});
