// The archive against a real PostgreSQL, fed by the in-memory log.
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { type Catalogue } from '@libs/events/catalogue';
import { stamp } from '@libs/events/envelope';
import { type EventDraft } from '@libs/events/envelope';
import { InMemoryLog } from '@libs/log/in-memory-log';
import { inlineContent } from '@libs/log/content';
import { migrate, openDatabase, type Database } from '@libs/postgres/database';
import { JobReads } from '@libs/postgres/job-reads';
import { Health } from '@libs/telemetry/health';
import { createLogger } from '@libs/telemetry/logger';
import { createRegistry } from '@libs/telemetry/metrics';
import { startTestPostgres } from '@libs/test-kit/servers';
import { waitFor } from '@libs/test-kit/wait-for';
import { rebuild } from '../rebuild-models/rebuild';
import { Archiver } from './archiver';
import { archiveMetrics } from './metrics';

let postgres: Awaited<ReturnType<typeof startTestPostgres>>;
let database: Database;
let log: InMemoryLog;
let archiver: Archiver;
let serial = 0;

const logger = createLogger({ service: 'audit', instance: 'test', level: 'silent' });
const newArchiver = (): Archiver => new Archiver({
  log, database, health: new Health(), logger,
  metrics: archiveMetrics(createRegistry('audit', `test-${serial++}`)),
});

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
  await database.query('TRUNCATE commits, broken_commits, objects, jobs, attempts, deliveries');
  await database.query("UPDATE archive_position SET sequence = 0, msg_id = ''");
  await database.query('TRUNCATE events, spend, labelled_spend');
  await database.query("UPDATE index_position SET sequence = 0, msg_id = '', size = 0");
  log = new InMemoryLog();
  archiver = newArchiver();
  archiver.start();
});
afterEach(() => archiver.stop());

describe('the archive', () => {
  it('has every commit of the log, byte for byte, once', async () => {
    for (let job = 0; job < 20; job += 1) await succeed(`job_${job}`);
    await archived();
    await archiver.stop();
    archiver = newArchiver();
    archiver.start();
    await succeed('job_after_restart');
    await archived();
    const rows = await database.query<{ sequence: string; bytes: Buffer }>(
      'SELECT sequence, bytes FROM commits ORDER BY sequence',
    );
    const { lastSequence } = await log.state();
    expect(rows.map((row) => Number(row.sequence))).toEqual(
      Array.from({ length: lastSequence }, (_unused, index) => index + 1),
    );
    for (const row of rows) {
      const commit = await log.readAt(Number(row.sequence));
      expect(Buffer.compare(row.bytes, Buffer.from(commit!.bytes))).toBe(0);
    }
  });

  it('keeps a job, its attempts and its story as read models', async () => {
    await succeed('job_a');
    await archived();
    const reads = new JobReads(database);
    expect((await reads.find('job_a'))?.state).toMatchObject({ phase: 'settled', status: 'succeeded' });
    const story = await reads.timeline('job_a');
    expect(story.map((entry) => entry.event.type)).toEqual(['JobSubmitted', 'JobRouted', 'JobSucceeded']);
    const attempts = await database.query('SELECT attempt_id, cost_pico_usd FROM attempts');
    expect(attempts).toEqual([{ attempt_id: 'att_job_a', cost_pico_usd: '1500' }]);
    expect(await reads.list({
      tenant: 'acme', team: null, key: null, status: 'succeeded', model: null,
      metadata: { purpose: 'test' }, limit: 10, after: null,
    })).toHaveLength(1);
    expect(await reads.list({
      tenant: 'other', team: null, key: null, status: null, model: null, metadata: {}, limit: 10,
      after: null,
    })).toEqual([]);
  });

  it('keeps large content with the commit that names it', async () => {
    const text = 'x'.repeat(200_000);
    await log.putObject('cafe', Buffer.from(text));
    await append('submitted', submitted('job_large', { sha256: 'cafe', bytes: 200_000, where: 'object' }));
    await archived();
    const bytes = await new JobReads(database).objectBytes('cafe');
    expect(Buffer.from(bytes!).toString()).toBe(text);
  });

  it('is the same after the read models are dropped and rebuilt', async () => {
    for (let job = 0; job < 30; job += 1) await succeed(`job_${job}`);
    await append('submitted', submitted('job_waiting'));
    await archived();
    const done = await archiver.whilePaused(() => rebuild(database, () => undefined, Date.now));
    expect([done.phase, done.identical, done.differences]).toEqual(['done', true, []]);
    await database.query("UPDATE jobs SET status = 'failed' WHERE id = 'job_3'");
    const mended = await archiver.whilePaused(() => rebuild(database, () => undefined, Date.now));
    expect(mended.identical).toBe(false);
    expect(mended.differences).toEqual(['jobs: 1 rows differ, first job_3']);
    expect(await database.query("SELECT status FROM jobs WHERE id = 'job_3'")).toEqual([{ status: 'succeeded' }]);
  });

  it('takes a submission that stands in the log twice for what it is, and goes on', async () => {
    await succeed('job_twice');
    await archived();
    await archiver.stop();
    archiver = newArchiver();
    archiver.start();
    await append('submitted', submitted('job_twice'), '{"question":1}');
    await succeed('job_after');
    await archived();
    expect(await database.query('SELECT id, status FROM jobs ORDER BY id')).toEqual([
      { id: 'job_after', status: 'succeeded' }, { id: 'job_twice', status: 'succeeded' },
    ]);
  });

  it('parks a commit that cannot be read with its error, and goes on', async () => {
    log.appendRaw('events.job.0.submitted', '{"id": broken');
    log.appendRaw('events.governance', JSON.stringify({ id: 'e', type: 'KeyCreated' }));
    await succeed('job_after');
    await archived();
    const reads = new JobReads(database);
    expect((await reads.find('job_after'))?.state).toMatchObject({ status: 'succeeded' });
    expect(await reads.brokenCommits(10)).toMatchObject([
      { sequence: 2, subject: 'events.governance', error: 'event line 0: not an event' },
      { sequence: 1, subject: 'events.job.0.submitted', size_bytes: 13 },
    ]);
    expect(await reads.commitText(1)).toBe('{"id": broken');
    const done = await archiver.whilePaused(() => rebuild(database, () => undefined, Date.now));
    expect(done).toMatchObject({ phase: 'done', identical: true, done_commits: 5 });
  });

  it('waits before an event that only a newer build can read', async () => {
    await succeed('job_before');
    const event = stamp(submitted('job_new'), 'from-the-future', 1_700_000_000_000);
    log.appendRaw('events.job.0.submitted', JSON.stringify({ ...event, version: 99 }));
    await waitFor(() => archiver.position.sequence === 3);
    await new Promise((resolve) => setTimeout(resolve, 500));
    expect(archiver.position.sequence).toBe(3);
    expect(await new JobReads(database).brokenCommits(10)).toEqual([]);
  });

  it('lists dead letters, of all customers or of one', async () => {
    for (const job of ['job_1', 'job_2', 'job_3']) {
      await append('submitted', submitted(job));
      const reason = job === 'job_2' ? 'no_candidate' : 'dead_letter';
      await append('routed', rejected(job, reason));
    }
    await archived();
    const reads = new JobReads(database);
    const ids = async (query: { tenant?: string; after?: string; limit?: number }): Promise<string[]> =>
      (await reads.deadLetters({ tenant: null, after: null, limit: 10, ...query })).map(({ id }) => id);
    expect(await ids({})).toEqual(['job_3', 'job_1']);
    expect(await ids({ limit: 1 })).toEqual(['job_3']);
    expect(await ids({ after: 'job_3', tenant: 'acme' })).toEqual(['job_1']);
    expect(await ids({ tenant: 'other' })).toEqual([]);
  });

  it('is not stopped by large content that is gone', async () => {
    await append('submitted', submitted('job_gone', { sha256: 'dead', bytes: 200_000, where: 'object' }));
    await succeed('job_after');
    await archived();
    expect(await new JobReads(database).find('job_gone')).not.toBeNull();
  });

  it('leaves a second archiver standing by', async () => {
    await waitFor(() => archiver.writing);
    const second = newArchiver();
    second.start();
    await succeed('job_x');
    await archived();
    expect(second.writing).toBe(false);
    await second.stop();
  });

  it('waits for a database that is away, and catches up', async () => {
    await waitFor(() => archiver.writing);
    await postgres.stop();
    await succeed('job_while_away');
    await postgres.restart();
    await archived();
    expect(await new JobReads(database).find('job_while_away')).not.toBeNull();
  }, 60_000);
});

async function archived(): Promise<void> {
  const { lastSequence } = await log.state();
  await waitFor(() => archiver.position.sequence >= lastSequence, { timeoutMs: 30_000 });
}

type Kind = 'submitted' | 'routed' | 'settled';

async function append(kind: Kind, draft: EventDraft, text?: string): Promise<void> {
  const content = text === undefined ? [] : inlineContent(text)!.lines;
  await log.append(`events.job.0.${kind}`, {
    events: [stamp(draft, `event-${serial++}`, 1_700_000_000_000)], content,
  });
}

async function succeed(job: string): Promise<void> {
  await append('submitted', submitted(job), '{"question":1}');
  await append('routed', routed(job));
  await append('settled', succeeded(job), '{"answer":1}');
}

const body = inlineContent('{"question":1}')!.ref;
const call = {
  surface: 'openai' as const, endpoint: '/v1/chat/completions', stream: false, stream_usage: false,
  reply_to: null, headers: {},
};

function submitted(job: string, bodyRef: typeof body = body): EventDraft {
  return {
    type: 'JobSubmitted', subject: job, tenant: 'acme',
    data: {
      call, mode: 'async', model: 'm', body: bodyRef, key: 'k', team: null, priority: 'normal',
      deadline_at_ms: 2_000_000_000_000, run_at_ms: null, on_disconnect: 'continue',
      idempotency: null, webhook: null, metadata: { purpose: 'test' }, fallbacks: [], needs: [],
      prompt_tokens_estimate: 1, max_output_tokens: null,
    },
  };
}

function rejected(job: string, reason: Catalogue['JobRejected']['reason']): EventDraft {
  return {
    type: 'JobRejected', subject: job, tenant: 'acme',
    data: {
      reason, status: 500, message: 'no more', errors: [], retry_after_s: null,
    },
  };
}

function routed(job: string): EventDraft {
  return {
    type: 'JobRouted', subject: job, tenant: 'acme',
    data: {
      routing: 1, call, plan: [{ provider: 'p', key: 'main', model: 'm', price: null, drop: [] }],
      fallbacks_by_class: { context_too_long: [], content_filtered: [] }, hold: null,
      deadline_at_ms: 2_000_000_000_000, seen: 1, now_ms: 1, seed: 1, reasons: [],
      governance_sequence: 0, submission: { sequence: 1, line: 0 }, body,
    },
  };
}

function succeeded(job: string): EventDraft {
  const usage = {
    input_tokens: 1, cached_input_tokens: 0, cache_write_tokens: 0, output_tokens: 2,
    reasoning_tokens: 0,
  };
  return {
    type: 'JobSucceeded', subject: job, tenant: 'acme',
    data: {
      routing: 1, provider: 'p', model: 'm', usage, cost_pico_usd: '1500', status: 200,
      result: inlineContent('{"answer":1}')!.ref, dropped_params: [],
      attempts: [{
        attempt_id: `att_${job}`, routing: 1, provider: 'p', key: 'main', model: 'm',
        started_at_ms: 1_700_000_000_000, duration_ms: 5, first_token_ms: null,
        outcome: 'succeeded', error: null, retry_after_ms: null, usage, cost_pico_usd: '1500',
      }],
    },
  };
}
