// Keeping the routers' snapshots against a real PostgreSQL.
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { pino } from 'pino';
import { type StoredCommit } from '@libs/log/stored-commit';
import { type Database, migrate, openDatabase } from '@libs/postgres/database';
import { listSnapshots } from '@libs/postgres/kept-snapshots';
import { snapshotOf } from '@libs/snapshots/snapshot-data';
import { seededRandom } from '@libs/test-kit/seeded-random';
import { startTestPostgres } from '@libs/test-kit/servers';
import { archiveLog, foldedTo, madeLog } from '../log-for-specs';
import { keepOnce, type KeeperParts } from './snapshot-keeper';

let postgres: Awaited<ReturnType<typeof startTestPostgres>>;
let database: Database;
let log: StoredCommit[];
let bucket: Map<string, Buffer>;
let counted: [number, number];

beforeAll(async () => {
  postgres = await startTestPostgres();
  await migrate(postgres.url);
  database = openDatabase({ url: postgres.url, connectionsMax: 2, statementTimeoutMs: 0, onError: () => undefined });
  log = madeLog(seededRandom(6), 60);
}, 60_000);
afterAll(async () => {
  await database.close();
  await postgres.cleanup();
});
beforeEach(async () => {
  await archiveLog(database, log);
  bucket = new Map();
});

/** As a router leaves it. */
async function snapshot(sequence: number, msgId = `m${sequence}`): Promise<Buffer> {
  const { data } = await snapshotOf(foldedTo(log, sequence), { sequence, msgId });
  bucket.set(`router-${String(sequence).padStart(16, '0')}`, data);
  return data;
}

async function keep(changes: Partial<KeeperParts> = {}, archived = log.length): Promise<number[]> {
  await keepOnce({
    snapshots: {
      list: () => Promise.resolve([...bucket.keys()].map((name) => ({ name }))),
      get: (name) => Promise.resolve(bucket.get(name) ?? null),
    },
    database, logger: pino({ level: 'silent' }), bytesMax: 1e9, nowMs: () => log.at(-1)!.appendedAtMs,
    archiver: { position: { sequence: archived, msgId: '' }, writing: true },
    metrics: { kept: (count, bytes) => { counted = [count, bytes]; } },
    ...changes,
  });
  return (await listSnapshots(database)).map(({ sequence }) => sequence);
}

describe('a snapshot of a router', () => {
  it('is kept, byte for byte, after the router has dropped it', async () => {
    const data = await snapshot(10);
    await snapshot(20);
    expect(await keep()).toEqual([10, 20]);
    bucket.clear();
    await snapshot(30);
    expect(await keep()).toEqual([10, 20, 30]);
    const [row] = await database.query<{ data: Buffer; appended_at: Date }>(
      'SELECT data, appended_at FROM kept_snapshots WHERE sequence = 10');
    expect(row?.data.equals(data)).toBe(true);
    expect(row?.appended_at.getTime()).toBe(log[9]!.appendedAtMs);
    expect(counted[0]).toBe(3);
    expect(counted[1]).toBeGreaterThan(data.length * 3 / 2);
  });

  it('waits until its commit is archived', async () => {
    await snapshot(20);
    expect(await keep({}, 19)).toEqual([]);
    expect(await keep({}, 20)).toEqual([20]);
  });

  it('of another log, or of another build, is not kept', async () => {
    await snapshot(20, 'of another log');
    const data = (await snapshot(30)).toString('latin1').replace(/"foldVersion":\d+/, '"foldVersion":999');
    bucket.set(`router-${'30'.padStart(16, '0')}`, Buffer.from(data, 'latin1'));
    bucket.set('something else', Buffer.from('x'));
    expect(await keep()).toEqual([]);
  });

  it('of an older build goes', async () => {
    await snapshot(20);
    await snapshot(30);
    await keep();
    bucket.clear();
    await database.query('UPDATE kept_snapshots SET fold_version = 1 WHERE sequence = 20');
    expect(await keep()).toEqual([30]);
  });

  it('goes when there is no room for it, the last one never', async () => {
    for (const sequence of [10, 20, 30, 40]) await snapshot(sequence);
    expect(await keep({ bytesMax: 1 })).toEqual([40]);
    expect(await keep({ bytesMax: 1 })).toEqual([40]);
  });
});
