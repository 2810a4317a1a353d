// The bucket of data keys against a real server: the contract, and that what is destroyed is gone from
// the disk.
import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { randomBytes } from 'node:crypto';
import { jetstreamManager } from '@nats-io/jetstream';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { describeKeyStore } from '@libs/test-kit/key-store-contract';
import { startTestNats } from '@libs/test-kit/servers';
import { type LogConnection } from './connect';
import { keyStream } from './key-bucket';
import { emptyLog } from './log-for-specs';

let server: Awaited<ReturnType<typeof startTestNats>>;
let connection: LogConnection;

beforeAll(async () => {
  server = await startTestNats();
  connection = await emptyLog(server.url);
}, 60_000);
afterAll(async () => {
  await connection.close();
  await server.cleanup();
});

describeKeyStore('JetStream', async () => {
  const jsm = await jetstreamManager(connection.nc);
  await jsm.streams.purge(keyStream);
  return connection.keys;
});

it('the bytes of a destroyed key are on the disk no more, those of others are', async () => {
  const { keys } = connection;
  const [kept, destroyed, replaced] = [newText(), newText(), newText()];
  await keys.create('kept', kept);
  await keys.create('destroyed', destroyed);
  await keys.create('replaced', replaced);
  for (let other = 0; other < 200; other += 1) await keys.create(`other-${other}`, newText());
  expect(await onDisk(destroyed)).toBe(true);
  await keys.destroy('destroyed', () => true);
  await keys.replace('replaced', newText());
  expect(await onDisk(destroyed)).toBe(false);
  expect(await onDisk(replaced)).toBe(false);
  expect(await onDisk(kept)).toBe(true);
  expect(await keys.get('kept')).toBe(kept);
});

const newText = (): string => randomBytes(48).toString('hex');

/** In any file of the server. */
async function onDisk(text: string): Promise<boolean> {
  for (const entry of await readdir(server.dir, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    // A file of a running server may go between the two.
    const bytes = await readFile(path.join(entry.parentPath, entry.name)).catch(() => Buffer.alloc(0));
    if (bytes.includes(text)) return true;
  }
  return false;
}
