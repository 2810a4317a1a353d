// A log made again from its archive, against a real NATS server and a real PostgreSQL.
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { jetstreamManager } from '@nats-io/jetstream';
import { type EventDraft, stamp } from '@libs/events/envelope';
import { partitionOf } from '@libs/events/subjects';
import { connectLog, connectNats, type LogConnection } from '@libs/jetstream/connect';
import { consumeWork } from '@libs/jetstream/consume-work';
import { quietLogger } from '@libs/jetstream/log-for-specs';
import { type Commit, type Position } from '@libs/log/log';
import { StoredCommit } from '@libs/log/stored-commit';
import { type ArchivedObject, writeBatch } from '@libs/postgres/archive-store';
import { type Database, migrate, openDatabase } from '@libs/postgres/database';
import { type JobRow } from '@libs/postgres/read-model-rows';
import { startTestNats, startTestPostgres } from '@libs/test-kit/servers';
import { waitFor } from '@libs/test-kit/wait-for';
import { restoreLog, type RestoreSummary } from './restore-log';

let postgres: Awaited<ReturnType<typeof startTestPostgres>>;
let server: Awaited<ReturnType<typeof startTestNats>>;
let database: Database;
let nats: Awaited<ReturnType<typeof connectNats>>;
const closers: (() => Promise<unknown>)[] = [];

const partitions = 3;
const tenant = 'acme';
const home = partitionOf(tenant, partitions);
const dayMs = 86_400_000;
const nowMs = 1_900_000_000_000;
const oldMs = nowMs - 30 * dayMs;

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
  server = await startTestNats({ syncAlways: false });
  nats = await connectNats({ urls: server.url, name: 'restore' });
  await database.query('TRUNCATE commits, broken_commits, objects, jobs, attempts, deliveries');
  await database.query("UPDATE archive_position SET sequence = 0, msg_id = ''");
}, 60_000);
afterEach(async () => {
  for (const close of closers.splice(0)) await close();
  await nats.close();
  await server.cleanup();
});

describe('a lost log', () => {
  it('stands again under its sequences, ids, times and subjects, byte for byte', async () => {
    const commits = history();
    await archive(commits);
    const summary = await restore();
    expect(summary).toMatchObject({
      first_sequence: 1, last_sequence: commits.at(-1)!.sequence, commits: commits.length, partitions,
    });
    const connection = await connected();
    expect(connection.partitionCount).toBe(partitions);
    for (const commit of commits) {
      const found = await connection.log.readAt(commit.sequence);
      expect(plain(found!)).toEqual(plain(commit));
    }
    expect(await followed(connection)).toEqual(commits.map(plain));
  });

  it('keeps open what trimming had left empty', async () => {
    const commits = history().filter(({ sequence }) => ![1, 2, 3, 9, 10].includes(sequence));
    await archive(commits);
    expect(await restore()).toMatchObject({ first_sequence: 4, commits: commits.length });
    expect(await followed(await connected())).toEqual(commits.map(plain));
  });

  it('holds the days asked for, all configuration, and the last commit of each subject', async () => {
    const commits = history();
    await archive(commits);
    const summary = await restore(nowMs - 7 * dayMs);
    const kept = (await followed(await connected())).map(({ sequence }) => sequence);
    // 1: configuration; 2, 4: last of two partitions; 17 to 20: the last days.
    expect(kept).toEqual([1, 2, 4, 17, 18, 19, 20]);
    expect(summary).toMatchObject({ commits: 7, first_sequence: 1, last_sequence: 20 });
  });

  it('holds every event of a job that is not over yet', async () => {
    const commits = history();
    await archive(commits, [openJob('job_open', 6)]);
    await restore(nowMs - 7 * dayMs);
    const kept = (await followed(await connected())).map(({ sequence }) => sequence);
    expect(kept).toEqual([1, 2, 4, ...commits.map(({ sequence }) => sequence).filter((s) => s >= 6)]);
  });

  it('goes on with appends, each behind what its subject had last', async () => {
    await archive(history());
    await restore(nowMs - 7 * dayMs);
    const { log } = await connected();
    const entry = { events: [stamp(elected(0), 'e-new', nowMs)] };
    expect(await log.appendFenced('events.job.0.routed', entry, 2)).toEqual(
      { outcome: 'appended', sequence: 21 });
    expect(await log.append('events.access', entry)).toEqual({ sequence: 22, line: 0 });
  });

  it('gives out again only what is not over', async () => {
    await archive(history(), [openJob('job_open', 18)]);
    await restore();
    const connection = await connected();
    const given: number[] = [];
    const work = consumeWork(connection.work, {
      durable: 'workers', subjects: ['events.job.*.routed'], ackWaitMs: 10_000, hasRoom: () => true,
      onPoison: () => undefined,
    }, async ({ commit, mayHaveRunBefore }) => {
      expect(mayHaveRunBefore).toBe(true);
      given.push(commit.sequence);
      return Promise.resolve();
    });
    closers.push(() => work.stop(0));
    await waitFor(() => given.length === 1);
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(given).toEqual([19]);
  });

  it('has its large content again', async () => {
    await archive(history(), [], [{ sha256: 'cafe', bytes: Buffer.from('x'.repeat(300_000)), sequence: 20 },
      { sha256: 'dead', bytes: Buffer.from('old'), sequence: 5 }]);
    expect(await restore(nowMs - 7 * dayMs)).toMatchObject({ objects: 1 });
    const { log } = await connected();
    expect(Buffer.from(await log.getObject('cafe')).toString()).toBe('x'.repeat(300_000));
  });
});

describe('a restore', () => {
  it('takes nothing from services before it is complete, and goes on where it stopped', async () => {
    const commits = history(2_500);
    await archive(commits);
    const stopped = restore(null, { progress: (message) => { throw new Error(message); } });
    await expect(stopped).rejects.toThrow('commit 2000 of 2500');
    const jsm = await jetstreamManager(nats);
    expect((await jsm.streams.info('EVENTS')).state.last_seq).toBe(2_000);
    await expect(nats.request('events.access', 'new', { timeout: 1_000 })).rejects.toThrow();
    const said: string[] = [];
    const summary = await restore(null, { progress: (message) => void said.push(message) });
    expect(summary).toMatchObject({ commits: 2_500, last_sequence: 2_500 });
    expect(said[0]).toBe('commit 2500 of 2500');
    expect(await followed(await connected())).toEqual(commits.map(plain));
  });

  it('opens no log that differs from the archive', async () => {
    const commits = history(2_500);
    await archive(commits);
    const stopped = restore(null, { progress: (message) => { throw new Error(message); } });
    await expect(stopped).rejects.toThrow('commit 2000 of 2500');
    await database.query("UPDATE commits SET bytes = 'other' WHERE sequence = 1999");
    await expect(restore()).rejects.toThrow('commit 1999 has other bytes');
    await expect(nats.request('events.access', 'new', { timeout: 1_000 })).rejects.toThrow();
  });

  it('changes nothing in a log that is there', async () => {
    await archive(history());
    await restore();
    await expect(restore()).rejects.toMatchObject({ code: 'log_conflict' });
    expect(await followed(await connected())).toHaveLength(20);
  });

  it('needs an archive', async () => {
    await expect(restore()).rejects.toThrow('The archive is empty');
  });

  it('needs room', async () => {
    await archive(history());
    await expect(restore(null, { maxBytes: 1_000 })).rejects.toThrow('has room for 1000');
  });
});

const silent: (message: string) => void = () => undefined;

async function restore(
  sinceMs: number | null = null,
  { maxBytes = 512 * 1024 * 1024, progress = silent } = {},
): Promise<RestoreSummary> {
  return restoreLog({
    database, nats, stream: { replicas: 1, maxBytes }, partitionsDefault: 4, progress,
  }, sinceMs);
}

async function connected(): Promise<LogConnection> {
  const connection = await connectLog({ urls: server.url, name: 'reader' }, quietLogger);
  closers.push(() => connection.nc.close());
  return connection;
}

type Plain = Omit<Commit, 'events' | 'contentLines' | 'bytes'> & { text: string };

const plain = ({ subject, sequence, msgId, appendedAtMs, bytes }: Commit): Plain =>
  ({ subject, sequence, msgId, appendedAtMs, text: Buffer.from(bytes).toString('latin1') });

async function followed({ log }: LogConnection): Promise<Plain[]> {
  const seen: Plain[] = [];
  const following = await log.follow({
    subjects: ['events.>'], after: null, onCommit: (commit) => void seen.push(plain(commit)),
    onStopped: (error) => { throw error; },
  });
  await following.caughtUp();
  await following.stop();
  return seen;
}

/** Configuration, elections, and jobs of 30 days ago (up to 16) and of today. */
function history(count = 20): Commit[] {
  const commits: Commit[] = [];
  const add = (subject: string, bytes: Uint8Array, msgId = `id-${commits.length + 1}`): void => {
    const sequence = commits.length + 1;
    const appendedAtMs = sequence > 16 ? nowMs - 1_000 + sequence : oldMs + sequence;
    commits.push(new StoredCommit({ subject, sequence, msgId, appendedAtMs, bytes }));
  };
  const event = (draft: EventDraft): Buffer =>
    Buffer.from(JSON.stringify(stamp(draft, `e-${commits.length}`, nowMs)));
  add('events.governance', event({
    type: 'CustomerSet', subject: tenant, tenant,
    data: { customer: tenant, name: null, weight: 1, origin: 'api' },
  }));
  for (let partition = 0; partition < partitions; partition += 1) {
    add(`events.job.${partition}.routed`, event(elected(partition)));
  }
  // Not a commit, as a stranger would write it: without an id.
  add(`events.job.${home}.settled`, Buffer.from([0, 255, 10, 13]), '');
  while (commits.length < count) {
    add(`events.job.${home}.submitted`, Buffer.from(`${event(canceled()).toString()}\n{"sha256":"a"}`));
    add(`events.job.${home}.routed`, event(elected(home)));
    add(`events.job.${home}.settled`, event(canceled()));
  }
  return commits.slice(0, count);
}

function elected(partition: number): EventDraft {
  return {
    type: 'RouterElected', subject: `partition_${partition}`, tenant: '',
    data: { partition, router: 'one', epoch: 1 },
  };
}

function canceled(): EventDraft {
  return {
    type: 'JobCanceled', subject: 'job_1', tenant, data: { by: 'client', routing: null, attempts: [] },
  };
}

function openJob(id: string, sequence: number): JobRow {
  return {
    id, tenant, team: null, key: 'k', status: 'running', model: 'm', createdAtMs: nowMs,
    settledAtMs: null, metadata: null, state: '{}', errorClass: null, dataSubject: null,
    positions: [BigInt(sequence) * 1024n],
  };
}

async function archive(
  commits: readonly Commit[], jobs: readonly JobRow[] = [],
  objects: readonly ArchivedObject[] = [],
): Promise<void> {
  const start: Position = { sequence: 0, msgId: '' };
  await writeBatch(database, {
    after: start, commits, objects, broken: [],
    rows: { jobs, attempts: [], deliveries: [], attemptsGone: [], born: new Set() },
  });
}
