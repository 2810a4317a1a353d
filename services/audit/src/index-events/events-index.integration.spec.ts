// The events index and the spend against a real PostgreSQL: kept by the archiver, caught up with in an
// archive that was there before, and made again by a rebuild, they are the same.
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { type AnyEvent, stamp } from '@libs/events/envelope';
import { attempt, cutAttempt, event, routedEvent, submission, successOf } from '@libs/jobs/spec-builders';
import { type Catalogue } from '@libs/events/catalogue';
import { InMemoryLog } from '@libs/log/in-memory-log';
import { type Database, migrate, openDatabase } from '@libs/postgres/database';
import { readLines } from '@libs/postgres/event-lines';
import { findEvents } from '@libs/postgres/event-reads';
import { indexFromArchive, readIndexPosition } from '@libs/postgres/index-store';
import { readSpend } from '@libs/postgres/spend-reads';
import { type EventsQuestion } from '@libs/signals/ask-audit';
import { Health } from '@libs/telemetry/health';
import { createLogger } from '@libs/telemetry/logger';
import { createRegistry } from '@libs/telemetry/metrics';
import { seededRandom } from '@libs/test-kit/seeded-random';
import { startTestPostgres } from '@libs/test-kit/servers';
import { waitFor } from '@libs/test-kit/wait-for';
import { Archiver } from '../archive-log/archiver';
import { archiveMetrics } from '../archive-log/metrics';
import { answerEvents } from '../find-events/answer-events';
import { rebuild } from '../rebuild-models/rebuild';
import { catchUp } from './catch-up';

let postgres: Awaited<ReturnType<typeof startTestPostgres>>;
let database: Database;
let log: InMemoryLog;
let serial = 0;

const logger = createLogger({ service: 'audit', instance: 'test', level: 'silent' });
const tell = { logger, behind: (): void => undefined, onPage: (): Promise<void> => Promise.resolve() };
const anything: EventsQuestion = {
  from: null, to: null, types: null, subject: null, tenant: null, actor: null, key: null, team: null,
  model: null, provider: null, outcome: null, metadata: null,
};

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
});
beforeEach(async () => {
  await database.query('TRUNCATE commits, broken_commits, objects, jobs, attempts, deliveries, tree_tiles, tree_marks');
  await database.query("UPDATE archive_position SET sequence = 0, msg_id = ''");
  await database.query("UPDATE tree_position SET sequence = 0, msg_id = '', size = 0");
  await forgetIndex();
  log = new InMemoryLog();
});

async function forgetIndex(): Promise<void> {
  await database.query('TRUNCATE events, spend, labelled_spend');
  await database.query("UPDATE index_position SET sequence = 0, msg_id = '', size = 0");
}

async function archive(): Promise<Archiver> {
  const archiver = new Archiver({
    log, database, health: new Health(), logger,
    metrics: archiveMetrics(createRegistry('audit', `test-${serial++}`)),
  });
  archiver.start();
  await caughtUp(archiver);
  return archiver;
}

async function caughtUp(archiver: Archiver): Promise<void> {
  const { lastSequence } = await log.state();
  await waitFor(() => archiver.position.sequence >= lastSequence, { timeoutMs: 30_000 });
}

const rowsOf = async (table: string, order: string): Promise<object[]> =>
  database.query(`SELECT * FROM ${table} ORDER BY ${order}`);
const everything = async (): Promise<object> => ({
  events: await rowsOf('events', 'leaf'), spend: await rowsOf('spend', 'id'),
  labelled: await rowsOf('labelled_spend', 'id'), position: await readIndexPosition(database),
});

/** Stories of jobs through one another, some lost and heard of late, with garbage in between. */
async function fillLog(jobs: number, seed: number): Promise<void> {
  const random = seededRandom(seed);
  const stories = Array.from({ length: jobs }, (_, number) => storyOf(`job_${number}`, random.whole(0, 3)));
  while (stories.some((story) => story.length > 0)) {
    const open = stories.filter((story) => story.length > 0);
    const events = Array.from({ length: random.whole(1, 5) }, () => random.pick(open).shift())
      .filter((one) => one !== undefined);
    if (events.length > 0) await log.append('events.job.0.settled', { events });
    if (random.chance(0.05)) log.appendRaw('events.job.0.submitted', '{"id": broken\n{"id": twice');
  }
}

function storyOf(id: string, kind: number): AnyEvent[] {
  const about = (one: AnyEvent): AnyEvent => ({ ...one, subject: id, id: `${one.type}-${serial++}` });
  const call = attempt(`att_${id}`, 1, { cost_pico_usd: String(1_000 + serial) });
  const metadata = kind === 0 ? {} : { purpose: `p${kind}` };
  const success = event('JobSucceeded', successOf(1, call));
  const lost: Catalogue['AttemptAbandoned'] = {
    routing: 1, attempt: kind === 2 ? null : cutAttempt(`att_${id}`, 1), reason: 'redelivered', content_sent: false,
  };
  return [
    event('JobSubmitted', submission({ metadata, team: 'search' })), routedEvent(1),
    ...kind > 1 ? [event('AttemptAbandoned', lost)] : [], success,
    ...kind === 3 ? [event('AttemptFailed', { attempt: call }), success] : [],
  ].map(about);
}

describe('the events index', () => {
  it('is the same kept live, caught up with, and with the archiver taking over in the middle', async () => {
    await fillLog(40, 1);
    const archiver = await archive();
    const live = await everything();
    await forgetIndex();
    await catchUp(database, new AbortController().signal, tell);
    expect(await everything()).toEqual(live);
    await forgetIndex();
    await fillLog(10, 2);
    await caughtUp(archiver);
    expect((await readIndexPosition(database)).sequence).toBe(0);
    await catchUp(database, new AbortController().signal, tell);
    await fillLog(10, 3);
    await caughtUp(archiver);
    expect((await readIndexPosition(database)).sequence).toBe(archiver.position.sequence);
    const tookOver = await everything();
    await archiver.stop();
    await forgetIndex();
    await catchUp(database, new AbortController().signal, tell);
    expect(await everything()).toEqual(tookOver);
  }, 60_000);

  it('has a place for every event line, in the order of the audit tree', async () => {
    await fillLog(20, 4);
    await (await archive()).stop();
    const [tree] = await database.query<{ size: string }>('SELECT size FROM tree_position');
    expect((await readIndexPosition(database)).size).toBe(Number(tree?.size));
    const filter = { ...anything, words: null, fromSequence: null, toSequence: null };
    const { rows } = await findEvents(database, filter, { from: 0, to: 1e6 }, {
      newestFirst: false, limit: 10_000, withinMs: 10_000,
    });
    for (const line of await readLines(database, rows)) {
      const commit = await log.readAt(line.sequence);
      expect(JSON.parse(line.bytes.toString())).toEqual(commit?.events[line.line]);
    }
    expect(rows.length).toBeGreaterThan(60);
  }, 60_000);

  it('goes on after an interruption with no gap and nothing twice', async () => {
    await fillLog(30, 5);
    const archiver = await archive();
    await archiver.stop();
    const live = await everything();
    await forgetIndex();
    const cut = indexFromArchive(database, async () => {
      await postgres.stop();
      return { last: { sequence: 1, msgId: 'x' }, derived: { lines: 1, events: [], spend: { all: [], labelled: [] } } };
    });
    await expect(cut).rejects.toThrow();
    await postgres.restart();
    await catchUp(database, new AbortController().signal, tell);
    expect(await everything()).toEqual(live);
  }, 60_000);
});

describe('the spend', () => {
  it('is the same after a rebuild, and a change in it is found', async () => {
    await fillLog(30, 6);
    const archiver = await archive();
    const done = await archiver.whilePaused(() => rebuild(database, () => undefined, Date.now));
    expect([done.phase, done.identical, done.differences]).toEqual(['done', true, []]);
    await database.query('UPDATE spend SET cost_pico_usd = cost_pico_usd + 1');
    const mended = await archiver.whilePaused(() => rebuild(database, () => undefined, Date.now));
    expect(mended.differences[0]).toMatch(/^spend: \d+ rows differ/);
    await forgetIndex();
    await expect(archiver.whilePaused(() => rebuild(database, () => undefined, Date.now)))
      .rejects.toThrow('yet to catch up');
    await archiver.stop();
  }, 60_000);

  it('has the same sum by whatever it is grouped, metadata too', async () => {
    await fillLog(40, 7);
    await (await archive()).stop();
    const [booked] = await database.query<{ sum: string }>('SELECT sum(cost_pico_usd) AS sum FROM attempts');
    const day = new Date().toISOString().slice(0, 4);
    const question = { from: `${day}-01-01`, to: `${Number(day) + 1}-12-31`, only: {} };
    for (const [groupBy, metadata] of [
      [[], []], [['customer'], []], [['day', 'model', 'provider', 'team', 'key'], []],
      [['customer'], ['purpose']], [[], ['purpose', 'nothing']],
    ] as const) {
      const { lines } = await readSpend(database, { ...question, groupBy, metadata });
      const sum = lines.reduce((total, { picoUsd }) => total + BigInt(picoUsd), 0n);
      expect([groupBy, metadata, sum]).toEqual([groupBy, metadata, BigInt(booked?.sum ?? -1)]);
    }
    const { lines } = await readSpend(database, { ...question, groupBy: [], metadata: ['purpose'] });
    expect(lines.map(({ by }) => by[0])).toEqual(['p1', 'p2', 'p3', null]);
    expect(lines.reduce((total, { requests }) => total + Number(requests), 0)).toBe(40);
  }, 60_000);
});

it('an archive that somebody changed is not told to be away', async () => {
  await fillLog(5, 8);
  await (await archive()).stop();
  const events = (): Promise<object> =>
    answerEvents(database).events(anything, { newestFirst: true, limit: 100, after: null });
  await database.query(`UPDATE commits SET bytes = 'shorter' WHERE sequence = 3`);
  expect(await events()).toMatchObject({ refused: 'not_archived', message: expect.stringContaining('commit 3') });
  await database.query('DELETE FROM commits WHERE sequence = 4');
  expect(await events()).toMatchObject({ refused: 'not_archived', message: expect.stringContaining('commit 4') });
}, 60_000);

it('a page ends before what a message can carry, and the next one goes on there', async () => {
  const large = (number: number): AnyEvent => stamp({
    type: 'AdminActed', subject: `act-${number}`, tenant: 'system',
    data: { actor: 'admin', act: 'x', about: 'y', detail: { text: 'z'.repeat(100_000) } },
  }, `large-${number}`, 1_700_000_000_000);
  for (let number = 0; number < 15; number += 1) await log.append('events.access', { events: [large(number)] });
  await (await archive()).stop();
  const seen: string[] = [];
  for (let after: number | null = null; ;) {
    const answer = await answerEvents(database).events(
      { ...anything, actor: 'admin' }, { newestFirst: true, limit: 100, after });
    const page = answer as { data: { event: AnyEvent }[]; has_more: boolean; next: string | null };
    expect(JSON.stringify(page).length).toBeLessThan(1_000_000);
    seen.push(...page.data.map(({ event: one }) => one.subject));
    if (!page.has_more) break;
    after = Number(page.next);
  }
  expect(seen).toEqual(Array.from({ length: 15 }, (_, at) => `act-${14 - at}`));
}, 60_000);
