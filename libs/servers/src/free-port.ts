// Finds TCP ports that nobody listens on.
import { randomInt } from 'node:crypto';
import { createServer, type AddressInfo } from 'node:net';

/**
 * Below Linux's range for outgoing connections (32768 and up, ip(7), ip_local_port_range): a port
 * that the system gives is one that any connection of the next second may take.
 */
const from = 20_000;
const to = 32_000;
const triesMax = 50;
/** Found here a moment ago, and perhaps not in use yet. */
const given = new Set<number>();
const givenMax = 1_000;

/** A port of `host` that was free a moment ago; whoever uses it should cope with a lost race. */
export async function freePort(host = '127.0.0.1'): Promise<number> {
  for (let tries = 0; tries < triesMax; tries += 1) {
    const port = randomInt(from, to);
    if (given.has(port) || !await isPortFree(port, host)) continue;
    if (given.size >= givenMax) given.clear();
    given.add(port);
    return port;
  }
  return anyPort(host);
}

/** Whether `port` can be listened on right now. */
export async function isPortFree(port: number, host = '127.0.0.1'): Promise<boolean> {
  const server = createServer();
  return await new Promise<boolean>((resolve) => {
    server.once('error', () => resolve(false));
    server.listen(port, host, () => server.close(() => resolve(true)));
  });
}

async function anyPort(host: string): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, host, resolve);
  });
  const { port } = server.address() as AddressInfo;
  await new Promise<void>((resolve) => server.close(() => resolve()));
  return port;
}
