// Trimming against a real NATS server and a real PostgreSQL.
import { afterAll, beforeAll, beforeEach, expect, it } from '@jest/globals';
import { pino } from 'pino';
import { connectLog, connectNats, type LogConnection } from '@libs/jetstream/connect';
import { ensureTopology } from '@libs/jetstream/topology';
import { writeBatch } from '@libs/postgres/archive-store';
import { type Database, migrate, openDatabase } from '@libs/postgres/database';
import { type Commit } from '@libs/log/log';
import { anEntry } from '@libs/test-kit/log-contract';
import { startTestNats, startTestPostgres } from '@libs/test-kit/servers';
import { trimOnce } from './trimmer';

let postgres: Awaited<ReturnType<typeof startTestPostgres>>;
let server: Awaited<ReturnType<typeof startTestNats>>;
let database: Database;
let connection: LogConnection;

const logger = pino({ level: 'silent' });
const dayMs = 86_400_000;

beforeAll(async () => {
  [postgres, server] = await Promise.all([startTestPostgres(), startTestNats()]);
  await migrate(postgres.url);
  database = openDatabase({
    url: postgres.url, connectionsMax: 2, statementTimeoutMs: 0, onError: () => undefined,
  });
  const admin = await connectNats({ urls: server.url, name: 'admin' });
  await ensureTopology(admin, { partitions: 4, replicas: 1, maxBytes: 64 * 1024 * 1024 });
  await admin.close();
  connection = await connectLog({ urls: server.url, name: 'audit' }, logger);
}, 60_000);
afterAll(async () => {
  await connection.close();
  await database.close();
  await Promise.all([postgres.cleanup(), server.cleanup()]);
});
beforeEach(async () => {
  await database.query('TRUNCATE commits, objects, jobs');
  await database.query("UPDATE archive_position SET sequence = 0, msg_id = ''");
});

/** Archives a commit of the log, as if it had been stored then. */
async function archive(commit: Commit, appendedAtMs: number, sha256?: string): Promise<void> {
  const { subject, sequence, msgId, bytes } = commit;
  await writeBatch(database, {
    after: { sequence: 0, msgId: '' }, broken: [],
    commits: [{ subject, sequence, msgId, bytes, appendedAtMs, events: [], contentLines: [] }],
    objects: sha256 === undefined ? [] : [{ sha256, bytes: Buffer.from('x'), sequence }],
    rows: { jobs: [], attempts: [], deliveries: [], attemptsGone: [], born: new Set() },
  });
}

async function trim(archivedSequence: number, nowMs: number): Promise<void> {
  const archiver = {
    position: { sequence: archivedSequence, msgId: '' }, writing: true,
    whilePaused: <T>(work: () => Promise<T>) => work(),
  };
  await trimOnce({ connection, database, logger, archiver, keepDays: 7 }, nowMs,
    new AbortController().signal);
}

const stored = async (): Promise<string[]> =>
  (await connection.content.list()).map(({ name }) => name).sort();

it('large content that the archive has yet to catch up with is kept, whatever its age', async () => {
  const { log } = connection;
  const { sequence } = await log.append('events.access', anEntry());
  const commit = (await log.readAt(sequence))!;
  await log.putObject('cafe', Buffer.from('x'));
  // The archive was away for two days: what names the content is not archived yet.
  await archive(commit, commit.appendedAtMs - 2 * dayMs);
  await trim(sequence, Date.now() + 2 * dayMs);
  expect(await stored()).toEqual(['cafe']);
  // It has caught up to a day later, and nothing named it.
  await database.query('UPDATE commits SET appended_at = to_timestamp($1 / 1000.0)',
    [Date.now() + 2 * dayMs]);
  await trim(sequence, Date.now() + 2 * dayMs);
  expect(await stored()).toEqual([]);
});

it('commits go, with their large content, when they are archived, snapshotted and old', async () => {
  const { log } = connection;
  const first = await log.append('events.job.0.settled', anEntry());
  await log.append('events.job.0.settled', anEntry());
  await log.putObject('beef', Buffer.from('x'));
  await archive((await log.readAt(first.sequence))!, Date.now() - 8 * dayMs, 'beef');
  await trim(first.sequence, Date.now());
  expect(await log.readAt(first.sequence)).not.toBeNull();
  await connection.snapshots.put(`router-${String(first.sequence + 2).padStart(16, '0')}`, Buffer.from('s'));
  await trim(first.sequence, Date.now());
  expect(await log.readAt(first.sequence)).toBeNull();
  expect(await stored()).toEqual([]);
});
