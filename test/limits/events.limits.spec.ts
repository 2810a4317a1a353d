// Ten million event lines: what the events index costs the archiver, how long questions take, and how
// long it takes to show a moment of the past.
// HOLDFAST_LIMITS_EVENTS for another number.
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { migrate, openDatabase, type Database } from '@libs/postgres/database';
import { nextToSeal, sealPartition } from '@libs/postgres/event-partitions';
import { findEvents, type EventFilter, leavesOf } from '@libs/postgres/event-reads';
import { readLines } from '@libs/postgres/event-lines';
import { listSnapshots } from '@libs/postgres/kept-snapshots';
import { readIndexPosition } from '@libs/postgres/index-store';
import { readSpend } from '@libs/postgres/spend-reads';
import { seededRandom } from '@libs/test-kit/seeded-random';
import { startTestPostgres } from '@libs/test-kit/servers';
import { snapshotEveryEvents } from '../../services/audit/src/shared/snapshot-distance';
import { PastWorld } from '../../services/audit/src/show-past/past-world';
import { archiveMade, MadeLog, partitionCount } from './made-log';
import { cpuSeconds, tell } from './measure';

const wanted = Number(process.env['HOLDFAST_LIMITS_EVENTS'] ?? 10_000_000);
/** One write of a busy archiver. */
const batchEvents = 8_000;
/** Enough for a 99th percentile that is not the worst one. */
const questionsPerKind = 200;
const momentsAsked = 100;
const all: EventFilter = {
  types: null, subject: null, tenant: null, actor: null, key: null, team: null, model: null,
  provider: null, outcome: null, words: null, fromSequence: null, toSequence: null,
};

let postgres: Awaited<ReturnType<typeof startTestPostgres>>;
let database: Database;
const random = seededRandom(11);

beforeAll(async () => {
  postgres = await startTestPostgres();
  await migrate(postgres.url);
  database = openDatabase({
    url: postgres.url, connectionsMax: 4, statementTimeoutMs: 0, onError: () => undefined,
  });
}, 60_000);
afterAll(async () => {
  await database.close();
  await postgres.cleanup();
}, 120_000);

it('the archiver is slowed little by what makes events findable', async () => {
  const plain = await startTestPostgres();
  await migrate(plain.url);
  const other = openDatabase({
    url: plain.url, connectionsMax: 2, statementTimeoutMs: 0, onError: () => undefined,
  });
  const [log, seconds, cpu] = [new MadeLog(), { indexed: 0, plain: 0 }, { indexed: 0, plain: 0 }];
  let [one, two] = [{ sequence: 0, msgId: '' }, { sequence: 0, msgId: '' }];
  let events = 0;
  // In turn, so that both meet the same disturbances. The commits are parsed before.
  for (let round = 0; round < 30; round += 1) {
    const commits = log.next(batchEvents);
    for (const commit of commits) events += commit.events.length;
    let before = await cpuSeconds(postgres.pid);
    const indexed = await archiveMade(database, commits, one, true);
    cpu.indexed += await cpuSeconds(postgres.pid) - before;
    before = await cpuSeconds(plain.pid);
    const without = await archiveMade(other, commits, two, false);
    cpu.plain += await cpuSeconds(plain.pid) - before;
    [one, two] = [indexed.at, without.at];
    seconds.indexed += indexed.seconds;
    seconds.plain += without.seconds;
  }
  const sealing = await seal();
  tell(`archived events/s: ${Math.round(events / seconds.plain)} without the events index, ${
    Math.round(events / seconds.indexed)} with it; ${sealing.count} partitions sealed in ${
    sealing.seconds.toFixed(2)} s (${(sealing.seconds / sealing.count).toFixed(2)} s each)`);
  const each = (of: number): string => (of / events * 1e6).toFixed(1);
  tell(`CPU of both ends per event: ${each(cpu.plain)} µs without, ${each(cpu.indexed)} µs with; ${
    each(sealing.cpu)} µs of sealing`);
  await other.close();
  await plain.cleanup();
  // CPU, not time: the machine may have other work. Half as much again would be felt by requests.
  expect(cpu.indexed + sealing.cpu).toBeLessThan(1.5 * cpu.plain);
}, 600_000);

it('is filled', async () => {
  await database.query(
    `TRUNCATE commits, jobs, attempts, events, event_partitions, spend, labelled_spend, tree_tiles,
       tree_marks, kept_snapshots`,
  );
  for (const table of ['archive_position', 'index_position', 'tree_position']) {
    await database.query(`UPDATE ${table} SET sequence = 0, msg_id = ''`);
  }
  await database.query('UPDATE index_position SET size = 0');
  await database.query('UPDATE tree_position SET size = 0');
  const log = new MadeLog();
  let [at, events, seconds, sealed] = [{ sequence: 0, msgId: '' }, 0, 0, 0];
  let toldAt = performance.now();
  while (events < wanted) {
    if (performance.now() - toldAt > 60_000) {
      tell(`${events} of ${wanted} events archived …`);
      toldAt = performance.now();
    }
    const written = await archiveMade(database, log.next(batchEvents), at, true);
    [at, events, seconds] = [written.at, events + written.events, seconds + written.seconds];
    sealed += (await seal()).seconds;
  }
  tell(`${events} events archived in ${Math.round(seconds)} s (${Math.round(events / seconds)}/s), ${
    Math.round(sealed)} s of sealing`);
  const sizes = await database.query<{ what: string; mb: number }>(
    `SELECT what, round(sum(bytes) / 1e6)::int AS mb FROM (
       SELECT CASE WHEN relname ~ '^events_p\\d+$' THEN 'events: rows'
                   WHEN relname ~ '^events_p\\d+_' THEN 'events: index ' || regexp_replace(relname, '^events_p\\d+_', '')
                   ELSE relname END AS what, pg_table_size(oid) AS bytes
       FROM pg_class WHERE relkind IN ('r', 'i') AND relnamespace = 'public'::regnamespace) AS s
     GROUP BY what HAVING sum(bytes) > 5e5 ORDER BY sum(bytes) DESC`,
  );
  for (const { what, mb } of sizes) tell(`${String(mb).padStart(7)} MB  ${what}`);
}, 7_200_000);

const sequenceSpan = (): number => Math.floor(wanted / 16);
const kinds: Readonly<Record<string, () => Partial<EventFilter>>> = {
  'the newest': () => ({}),
  'from a time on': () => {
    const fromSequence = random.whole(1, sequenceSpan());
    return { fromSequence, toSequence: fromSequence + 2_000 };
  },
  'one job': () => ({ subject: jobId(random.whole(0, Math.floor(wanted / 3) - 1)) }),
  'no such subject': () => ({ subject: `job_none_${random.whole(0, 1e6)}` }),
  'common type': () => ({ types: [random.pick(['JobSubmitted', 'JobRouted', 'JobSucceeded'])] }),
  'rare type': () => ({ types: ['AdminActed'] }),
  'type that never was': () => ({ types: ['KeyCreated', 'KeyRevoked'] }),
  'large customer': () => ({ tenant: `customer-${random.whole(0, 6)}` }),
  'small customer': () => ({ tenant: `customer-${random.whole(10, 400)}` }),
  'failures of a customer': () => ({ tenant: `customer-${random.whole(9, 400)}`, types: ['JobFailed'] }),
  outcome: () => ({ outcome: random.pick(['failed', 'succeeded', 'expired']) }),
  model: () => ({ model: `model-${random.whole(0, 11)}` }),
  'model and provider': () => ({ model: `model-${random.whole(0, 11)}`, provider: `provider-${random.whole(0, 4)}` }),
  provider: () => ({ provider: `provider-${random.whole(0, 5)}` }),
  key: () => ({ key: `customer-${random.whole(0, 400)}-key-${random.whole(0, 2)}` }),
  team: () => ({ team: `customer-${random.whole(0, 400)}-team-${random.whole(0, 2)}` }),
  actor: () => ({ actor: random.pick(['operator', 'nobody']) }),
  'words of metadata': () => ({ words: [`t${random.whole(0, Math.floor(wanted / 150))}`] }),
  'common word': () => ({ words: ['purpose', String(random.whole(0, 8))] }),
};

it.each(Object.entries(kinds))('answers soon: %s', async (name, filter) => {
  const { size } = await readIndexPosition(database);
  const took: number[] = [];
  let rows = 0;
  for (let asked = 0; asked < questionsPerKind; asked += 1) {
    const question = { ...all, ...filter() };
    const newestFirst = random.chance(0.7);
    const startedAt = performance.now();
    const within = await leavesOf(database, question, size);
    const page = await findEvents(database, question, within, { newestFirst, limit: 50, withinMs: 60_000 });
    await readLines(database, page.rows);
    took.push(performance.now() - startedAt);
    rows += page.rows.length;
  }
  took.sort((one, other) => one - other);
  const at = (share: number): string => (took[Math.floor(took.length * share)] ?? 0).toFixed(1);
  tell(`${name.padEnd(24)} p50 ${at(0.5).padStart(6)} ms  p99 ${at(0.99).padStart(6)} ms  ${
    (rows / questionsPerKind).toFixed(1)} rows a page`);
  expect(Number(at(0.5))).toBeLessThan(100);
}, 600_000);

it('sums a year of spend soon', async () => {
  const took: number[] = [];
  for (let asked = 0; asked < 20; asked += 1) {
    const startedAt = performance.now();
    await readSpend(database, {
      from: '2026-01-01', to: '2026-12-31', groupBy: ['customer', 'day'], metadata: [], only: {},
    });
    took.push(performance.now() - startedAt);
  }
  took.sort((one, other) => one - other);
  tell(`spend by customer and day   p50 ${took[10]?.toFixed(0)} ms, worst ${took[19]?.toFixed(0)} ms`);
}, 120_000);

it('shows any moment of the past within seconds', async () => {
  const { sequence } = await readIndexPosition(database);
  const past = (): PastWorld => new PastWorld({
    database, partitionCount, snapshotEveryEvents, progress: () => undefined, warn: tell,
  });
  const { folded } = await past().at(sequence, true);
  const kept = await listSnapshots(database);
  const bytes = kept.map((one) => one.bytes).sort((one, other) => one - other);
  tell(`${folded.events} events folded from nothing in ${folded.seconds} s; ${kept.length} snapshots left behind, ${
    (bytes.reduce((sum, one) => sum + one, 0) / 1e6).toFixed(1)} MB together, the largest ${
    ((bytes.at(-1) ?? 0) / 1e6).toFixed(1)} MB; ${Math.round(process.memoryUsage.rss() / 1e6)} MB of memory`);
  const took: number[] = [];
  for (let asked = 0; asked < momentsAsked; asked += 1) {
    const startedAt = performance.now();
    // As of an audit that was asked nothing before.
    await past().at(random.whole(1, sequence), false);
    took.push(performance.now() - startedAt);
  }
  took.sort((one, other) => one - other);
  const seconds = (share: number): number => (took[Math.ceil(took.length * share) - 1] ?? 0) / 1_000;
  tell(`any moment: p50 ${seconds(0.5).toFixed(1)} s, p90 ${seconds(0.9).toFixed(1)} s, worst ${seconds(1).toFixed(1)} s`);
  expect(seconds(0.9)).toBeLessThan(30);
}, 7_200_000);

async function seal(): Promise<{ readonly count: number; readonly seconds: number; readonly cpu: number }> {
  const [startedAt, before] = [performance.now(), await cpuSeconds(postgres.pid)];
  let count = 0;
  for (let next = await nextToSeal(database); next !== null; next = await nextToSeal(database)) {
    await sealPartition(database, next);
    count += 1;
  }
  const cpu = await cpuSeconds(postgres.pid) - before;
  return { count, seconds: (performance.now() - startedAt) / 1_000, cpu };
}

function jobId(number: number): string {
  const atMs = Date.UTC(2026, 0, 1) + number * 1_200;
  const time = atMs.toString(16).padStart(12, '0');
  return `job_${time}70018000${number.toString(16).padStart(12, '0')}`;
}
