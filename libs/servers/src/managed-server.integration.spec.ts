import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { ManagedServer, type ServerSpec } from './managed-server';

let dir: string;
let server: ManagedServer | null = null;
beforeEach(async () => { dir = await mkdtemp(path.join(tmpdir(), 'holdfast-managed-')); });
afterEach(async () => {
  await server?.stop(1_000);
  await rm(dir, { recursive: true, force: true });
});

/** Waited for 200 ms at a time. */
function slow(isReady: () => boolean, progress?: ServerSpec['progress']): ManagedServer {
  server = new ManagedServer({
    name: 'slow', command: { argv: ['sleep', '60'] }, marker: 'sleep',
    pidFile: path.join(dir, 'pid'), logFile: path.join(dir, 'log'),
    isReady: () => Promise.resolve(isReady()), readyTimeoutMs: 200,
    ...(progress === undefined ? {} : { progress }),
    stopSignal: 'SIGTERM', stopGraceMs: 1_000, orphanSignal: 'SIGKILL',
  });
  return server;
}

describe('a server that starts slowly', () => {
  it('is given up after its time', async () => {
    await expect(slow(() => false).start()).rejects.toThrow('slow was not ready within 0.2 s');
    await expect(slow(() => false, () => Promise.resolve('stuck')).start()).rejects.toThrow('not ready');
    expect(server?.pid).toBeNull();
  });

  it('is waited for as long as it says something new', async () => {
    let steps = 0;
    await slow(() => steps === 2, () => Promise.resolve(`step ${steps += 1}`)).start();
    expect(steps).toBe(2);
  });
});
