// The fold of the past against a real PostgreSQL.
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { eventLineBytes } from '@libs/events/parse-commit';
import { type StoredCommit } from '@libs/log/stored-commit';
import { type Database, migrate, openDatabase } from '@libs/postgres/database';
import { listSnapshots } from '@libs/postgres/kept-snapshots';
import { readPast } from '@libs/postgres/past-reads';
import { seededRandom } from '@libs/test-kit/seeded-random';
import { startTestPostgres } from '@libs/test-kit/servers';
import { archiveLog, foldedTo, madeLog, partitionCount, textOf } from '../log-for-specs';
import { PastWorld } from './past-world';

let postgres: Awaited<ReturnType<typeof startTestPostgres>>;
let database: Database;
let log: StoredCommit[];
let warned: string[];
const random = seededRandom(11);

beforeAll(async () => {
  postgres = await startTestPostgres();
  await migrate(postgres.url);
  database = openDatabase({ url: postgres.url, connectionsMax: 2, statementTimeoutMs: 0, onError: () => undefined });
  log = madeLog(seededRandom(5), 400);
}, 60_000);
afterAll(async () => {
  await database.close();
  await postgres.cleanup();
});
beforeEach(async () => {
  await archiveLog(database, log);
  warned = [];
});

const past = (snapshotEveryEvents = Infinity): PastWorld => new PastWorld({
  database, partitionCount, snapshotEveryEvents, progress: () => undefined,
  warn: (message) => warned.push(message),
});
const moments = (count: number): number[] => Array.from({ length: count }, () => random.whole(1, log.length));
/** Each test makes the log's past several times over. */
const longMs = 60_000;

/** Snapshots that a fold which stops now and then leaves behind. */
async function leftBehind(): Promise<number[]> {
  // Snapshots are made between two pages.
  const walker = past(100);
  for (let sequence = 40; sequence < log.length; sequence += 50) await walker.at(sequence, false);
  return (await listSnapshots(database)).map(({ sequence }) => sequence);
}

describe('a moment of the past', () => {
  it('is the fold of every commit up to there, going on or going back', async () => {
    const world = past();
    const last = foldedTo(log, log.length);
    expect(last.load.targets.size).toBe(2);
    expect(last.partitions.flatMap(({ ended, ledger }) => [ended.size > 100, ledger.accounts.size > 3])
      .filter(Boolean)).toHaveLength(2);
    for (const moment of moments(12)) {
      const found = await world.at(moment, false);
      expect(textOf(found.world)).toBe(textOf(foldedTo(log, moment)));
      expect(found.folded.from_snapshot).toBeNull();
    }
  }, longMs);

  it('is the same from a snapshot that an earlier fold left behind, and nearer', async () => {
    const snapshots = await leftBehind();
    expect(snapshots.length).toBeGreaterThan(4);
    for (const moment of moments(12)) {
      const { world, folded } = await past().at(moment, false);
      const nearest = snapshots.filter((sequence) => sequence <= moment).at(-1) ?? null;
      expect(folded.from_snapshot).toBe(nearest);
      expect(textOf(world)).toBe(textOf(foldedTo(log, moment)));
      const whole = await past().at(moment, true);
      expect(whole.folded.from_snapshot).toBeNull();
      expect(textOf(whole.world)).toBe(textOf(world));
    }
  }, longMs);

  it('goes on from where it is, unless a snapshot is nearer', async () => {
    const [first, second, third] = await leftBehind() as [number, number, number];
    const world = past();
    expect((await world.at(first + 1, false)).folded.from_snapshot).toBe(first);
    expect((await world.at(first + 2, false)).folded.from_snapshot).toBe(first);
    expect((await world.at(third + 1, false)).folded.from_snapshot).toBe(third);
    expect((await world.at(second + 1, false)).folded.from_snapshot).toBe(second);
    const there = await world.at(second + 2, true);
    expect(there.folded.from_snapshot).toBeNull();
    expect(textOf(there.world)).toBe(textOf(foldedTo(log, second + 2)));
  }, longMs);

  it('passes over a snapshot that is damaged, of another fold, or of another commit', async () => {
    const snapshots = await leftBehind();
    const [before, damaged, foreign, forked] = snapshots.slice(-4) as [number, number, number, number];
    await database.query(
      'UPDATE kept_snapshots SET data = set_byte(data, octet_length(data) - 9, 0) WHERE sequence = $1', [damaged]);
    await database.query('UPDATE kept_snapshots SET fold_version = fold_version - 1 WHERE sequence = $1', [foreign]);
    await database.query(`UPDATE kept_snapshots SET msg_id = 'other' WHERE sequence = $1`, [forked]);
    const { world, folded } = await past().at(log.length, false);
    expect(folded.from_snapshot).toBe(before);
    expect(warned).toEqual([`the snapshot at ${damaged} is passed over: its hash differs`]);
    expect(textOf(world)).toBe(textOf(foldedTo(log, log.length)));
  }, longMs);

  it('that the archive lacks commits before is refused with their names, and made from a snapshot after', async () => {
    const [, snapshot = 0] = await leftBehind();
    await database.query('DELETE FROM commits WHERE sequence BETWEEN 3 AND 5');
    await expect(past().at(log.length, true)).rejects.toThrow('lacks the commits 3 to 5');
    const { world } = await past().at(snapshot + 3, false);
    expect(textOf(world)).toBe(textOf(foldedTo(log, snapshot + 3)));
    await database.query('DELETE FROM commits WHERE sequence > $1', [log.length - 2]);
    await expect(past().at(log.length, true)).rejects.toThrow('lacks the commits 3 to 5');
    await expect(past().at(log.length, false)).rejects.toThrow(`lacks the commits ${log.length - 1} to ${log.length}`);
  }, longMs);

  it('is read without content, and with every event line as it stands', async () => {
    const rows = await readPast(database, { after: 0, upTo: log.length });
    expect(rows.map(({ sequence }) => sequence)).toEqual(log.slice(0, rows.length).map(({ sequence }) => sequence));
    for (const { sequence, subject, bytes } of rows) {
      const commit = log[sequence - 1]!;
      if (subject === 'events.access') { expect(bytes).toBeNull(); continue; }
      expect(eventLineBytes(bytes!).map(String)).toEqual(eventLineBytes(commit.bytes).map(String));
      expect(bytes!.toString()).not.toContain('content of');
    }
  }, longMs);

  it('goes on past a commit that no build can read, as routers do', async () => {
    await database.query(`UPDATE commits SET bytes = '\\xdeadbeef' WHERE sequence = 7`);
    expect((await past().at(9, true)).world.position?.sequence).toBe(9);
  }, longMs);
});
