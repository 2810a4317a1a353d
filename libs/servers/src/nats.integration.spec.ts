// Our own NATS server against the real binary: found or fetched, ready, durable, restartable.
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { jetstream, jetstreamManager } from '@nats-io/jetstream';
import { connect } from '@nats-io/transport-node';
import { startTestNats, testNatsBinary } from '@libs/test-kit/servers';
import { findNatsServer } from './find-nats-server';
import { startNats, type RunningNats } from './nats';
import { canSyncAlways } from './nats-version';
import { commandLine, isAlive } from './process-identity';

const admin = { user: 'admin', password: 'a "strange" p@ss' };
const limited = {
  user: 'limited', password: 'secret',
  permissions: { publish: { deny: ['$JS.API.STREAM.DELETE.*'] }, subscribe: { allow: ['_INBOX.>'] } },
};

let dir = '';
let nats: RunningNats;
beforeAll(async () => {
  dir = await mkdtemp(path.join(tmpdir(), 'holdfast-nats-'));
  nats = await startNats({
    binary: await testNatsBinary(), dataDir: dir, users: [admin, limited],
  });
}, 120_000);
afterAll(async () => {
  await nats.stop();
  await rm(dir, { recursive: true, force: true });
});

const as = (user: { user: string; password: string }) =>
  connect({ servers: nats.url, user: user.user, pass: user.password });

describe('a NATS server of ours', () => {
  test('syncs every message to disk where the server can', async () => {
    const response = await fetch(`${nats.monitorUrl}/jsz?config=true`);
    const { config } = await response.json() as { config: { sync_always?: boolean } };
    expect(config.sync_always === true).toBe(canSyncAlways(nats.version));
  });

  test('keeps its passwords in files that only the owner reads', async () => {
    expect((await stat(path.join(dir, 'nats.conf'))).mode & 0o077).toBe(0);
  });

  test('holds its users to their permissions', async () => {
    const connection = await as(admin);
    await (await jetstreamManager(connection)).streams.add({ name: 'KEPT', subjects: ['kept'] });
    await connection.close();
    const other = await as(limited);
    await expect((await jetstreamManager(other, { checkAPI: false, timeout: 500 }))
      .streams.delete('KEPT')).rejects.toThrow();
    await other.close();
  });

  test('keeps its messages and its port over kill -9', async () => {
    const connection = await as(admin);
    await jetstream(connection).publish('kept', 'one');
    await connection.close();
    const ended: (NodeJS.Signals | null)[] = [];
    nats.onExit(({ signal }) => ended.push(signal));
    const before = nats.url;
    await nats.kill('SIGKILL');
    expect(ended).toEqual(['SIGKILL']);
    await nats.restart();
    expect(nats.url).toBe(before);
    const again = await as(admin);
    const info = await (await jetstreamManager(again)).streams.info('KEPT');
    expect(info.state.messages).toBe(1);
    await again.close();
  });

  test('left behind by a killed supervisor is stopped by the next start', async () => {
    const first = await startTestNats();
    const pid = first.pid ?? 0;
    const second = await startNats({ binary: await testNatsBinary(), dataDir: first.dir });
    expect(isAlive(pid) && await commandLine(pid) !== '').toBe(false);
    await second.stop();
    await first.cleanup();
  });
});

describe('finding nats-server', () => {
  test('takes the binary that HOLDFAST_NATS_SERVER names', async () => {
    const binary = await testNatsBinary();
    const env = { HOLDFAST_NATS_SERVER: binary.path };
    expect(await findNatsServer({ env, binDir: dir })).toEqual(binary);
  });

  test('refuses a named binary that does not run', async () => {
    const env = { HOLDFAST_NATS_SERVER: '/nowhere/nats-server' };
    await expect(findNatsServer({ env, binDir: dir })).rejects.toThrow('/nowhere/nats-server');
  });

  test('lets two processes at once fetch only once', async () => {
    const binDir = await mkdtemp(path.join(tmpdir(), 'holdfast-bin-'));
    const { path: real } = await testNatsBinary();
    let fetched = 0;
    const source = {
      name: 'a copy',
      fetch: async (folder: string) => {
        fetched += 1;
        const { copyFile } = await import('node:fs/promises');
        await copyFile(real, path.join(folder, 'nats-server'));
      },
    };
    const find = () => findNatsServer({ env: {}, binDir, sources: [source] });
    const [one, two] = await Promise.all([find(), find()]);
    expect([one.path, fetched]).toEqual([two.path, 1]);
    await rm(binDir, { recursive: true, force: true });
  });

  test('says what to install when there is none', async () => {
    const sources = [{ name: 'a mirror', fetch: () => Promise.reject(new Error('no way out')) }];
    const binDir = path.join(dir, 'bin');
    await expect(findNatsServer({ env: {}, binDir, sources }))
      .rejects.toThrow(/a mirror: no way out[\s\S]*HOLDFAST_NATS_SERVER/);
  });
});
