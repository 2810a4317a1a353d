// Exports against a real PostgreSQL: worked off page by page, and gone on with after an interruption.
import { gunzipSync } from 'node:zlib';
import { afterAll, afterEach, beforeAll, expect, it } from '@jest/globals';
import { stamp } from '@libs/events/envelope';
import { InMemoryLog } from '@libs/log/in-memory-log';
import { type Database, migrate, openDatabase } from '@libs/postgres/database';
import { advanceExport, findExport, forgetExports } from '@libs/postgres/export-store';
import { type EventsQuestion, type ExportFormat } from '@libs/signals/ask-audit';
import { Health } from '@libs/telemetry/health';
import { createLogger } from '@libs/telemetry/logger';
import { createRegistry } from '@libs/telemetry/metrics';
import { startTestPostgres } from '@libs/test-kit/servers';
import { waitFor } from '@libs/test-kit/wait-for';
import { Archiver } from '../archive-log/archiver';
import { archiveMetrics } from '../archive-log/metrics';
import { answerExports } from './answer-exports';
import { ExportWorker } from './export-worker';

const acts = 5_000;
const logger = createLogger({ service: 'audit', instance: 'test', level: 'silent' });
const question: EventsQuestion = {
  from: null, to: null, types: null, subject: null, tenant: null, actor: null, key: null, team: null,
  model: null, provider: null, outcome: null, metadata: null,
};
const writing = { position: { sequence: 0, msgId: '' }, writing: true, whilePaused: <T>(work: () => Promise<T>): Promise<T> => work() };

const unsigned = { latest: null, key: () => Promise.resolve(null) };

let postgres: Awaited<ReturnType<typeof startTestPostgres>>;
let database: Database;
let worker: ExportWorker;

beforeAll(async () => {
  postgres = await startTestPostgres();
  await migrate(postgres.url);
  database = openDatabase({
    url: postgres.url, connectionsMax: 4, statementTimeoutMs: 0, onError: () => undefined,
  });
  const log = new InMemoryLog();
  for (let act = 0; act < acts; act += 50) {
    const events = Array.from({ length: 50 }, (_, at) => stamp({
      type: 'AdminActed', subject: `act-${act + at}`, tenant: 'system',
      data: { actor: act % 100 === 0 ? 'one' : 'two', act: 'x', about: '=1+1', detail: {} },
    }, `event-${act + at}`, 1_700_000_000_000));
    await log.append('events.access', { events });
  }
  const archiver = new Archiver({
    log, database, health: new Health(), logger, metrics: archiveMetrics(createRegistry('audit', 'exports')),
  });
  archiver.start();
  await waitFor(() => archiver.position.sequence >= acts / 50, { timeoutMs: 30_000 });
  await archiver.stop();
}, 60_000);
afterAll(async () => {
  await database.close();
  await postgres.cleanup();
});
afterEach(async () => worker.stop());

const newWorker = (): ExportWorker => {
  worker = new ExportWorker({ archiver: writing, database, logger });
  return worker;
};

async function begin(asked: Partial<EventsQuestion>, format: ExportFormat): Promise<string> {
  const exports = answerExports(database, unsigned, () => undefined);
  const begun = await exports.start({ ...question, ...asked }, format);
  return (begun as { id: string }).id;
}

async function resultOf(id: string): Promise<string> {
  await waitFor(async () => (await findExport(database, id))?.state !== 'running', { timeoutMs: 30_000 });
  const exports = answerExports(database, unsigned, () => undefined);
  const { chunks } = (await findExport(database, id))!;
  const pieces: Buffer[] = [];
  for (let index = 0; index < chunks; index += 1) {
    const { gzip } = await exports.chunk(id, index) as unknown as { gzip: string };
    expect(gzip.length).toBeLessThan(900_000);
    pieces.push(gunzipSync(Buffer.from(gzip, 'base64')));
  }
  return Buffer.concat(pieces).toString();
}

it('an export has every event asked for, once, in the order of the log', async () => {
  newWorker().start();
  const id = await begin({ actor: 'one' }, 'ndjson');
  const text = await resultOf(id);
  const subjects = text.trimEnd().split('\n').map((line) => (JSON.parse(line) as { event: { subject: string } }).event.subject);
  const wanted = Array.from({ length: acts }, (_, act) => act).filter((act) => Math.floor(act / 50) % 2 === 0);
  expect(subjects).toEqual(wanted.map((act) => `act-${act}`));
  expect(await findExport(database, id)).toMatchObject({ state: 'done', events: acts / 2, bytes: Buffer.byteLength(text) });
}, 60_000);

it('an export that was interrupted between two steps goes on where it was', async () => {
  const id = await begin({}, 'csv');
  const first = newWorker();
  first.wake();
  // Stops after the step it is in.
  await waitFor(async () => ((await findExport(database, id))?.events ?? 0) > 0);
  await first.stop();
  const before = (await findExport(database, id))!;
  // A process that had read the same step, and comes too late with it.
  await advanceExport(database, { ...before, nextLeaf: 0, chunks: 0 }, { nextLeaf: 7, events: 7, chunks: [], isDone: true });
  newWorker().start();
  const lines = (await resultOf(id)).trimEnd().split('\r\n');
  expect(lines).toHaveLength(acts + 1);
  expect(new Set(lines).size).toBe(acts + 1);
}, 60_000);

it('an export with nothing in it is an empty one', async () => {
  newWorker().start();
  expect(await resultOf(await begin({ actor: 'nobody' }, 'ndjson'))).toBe('');
  expect((await resultOf(await begin({ actor: 'nobody' }, 'csv'))).split('\r\n')).toHaveLength(2);
}, 60_000);

it('there is no bundle before a checkpoint, and none of what was never begun', async () => {
  newWorker();
  const exports = answerExports(database, unsigned, () => undefined);
  expect(await exports.start(question, 'bundle')).toMatchObject({ refused: 'not_signed_yet' });
  expect(await exports.start({ ...question, metadata: '--' }, 'csv')).toMatchObject({ refused: 'invalid_value' });
  expect(await exports.status('exp_none')).toMatchObject({ refused: 'not_found' });
});

it('an export is kept for as long as it is promised, and then forgotten with its result', async () => {
  newWorker().start();
  const id = await begin({}, 'ndjson');
  await resultOf(id);
  await forgetExports(database, 3_600_000);
  expect(await findExport(database, id)).not.toBeNull();
  await forgetExports(database, 0);
  expect(await findExport(database, id)).toBeNull();
  expect(await database.query('SELECT count(*)::int AS count FROM export_chunks WHERE export_id = $1', [id])).toEqual([{ count: 0 }]);
}, 60_000);
