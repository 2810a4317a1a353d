// Erasing one data subject of many, from outside: what is erased can be read nowhere, everything else
// everywhere, and the log still proves itself; with the ingress killed in the middle of erasures.
// HOLDFAST_ERASURE_SUBJECTS=1000 for the long run.
import { execFile } from 'node:child_process';
import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { jetstreamManager } from '@nats-io/jetstream';
import { openDatabase } from '@libs/postgres/database';
import { copiedKeys } from '@libs/postgres/key-copies';
import { archiveUrl } from '../tools/src/verify/database-url';
import { call, chat, json, type JobView, settled, submit } from './support/api';
import { eventually, type Holdfast, startHoldfast } from './support/holdfast';
import { natsAdmin } from './support/nats';
import { type Receiver, startReceiver } from './support/receiver';
import { readEvents } from './support/sse';

interface Erasure { id: string; status: string; keys: string[]; jobs: number | null; data_subject: string }
interface Verified { ok: boolean; problems: { kind: string; message: string }[]; checkpoints: number }

const subjects = Number(process.env['HOLDFAST_ERASURE_SUBJECTS'] ?? 100);
const run = promisify(execFile);
const large = 'wide '.repeat(40_000);
let holdfast: Holdfast;
let receiver: Receiver;
/** Jobs by subject. */
const jobs = new Map<string, string[]>();

const nameOf = (index: number): string => `person-${index}@erasure.example`;
/** Stands in every prompt of a subject; nowhere else. */
const markOf = (subject: string): string => `mark-${Buffer.from(subject).toString('hex')}`;
const victim = nameOf(0);
/** No content: it stands in the log as it is. */
const keyOfRequest = 'the-same-request-twice';

beforeAll(async () => {
  receiver = await startReceiver();
  holdfast = await startHoldfast();
  const indexes = Array.from({ length: subjects }, (_, index) => index);
  await Promise.all(Array.from({ length: 16 }, async () => {
    for (let index = indexes.shift(); index !== undefined; index = indexes.shift()) await ask(nameOf(index));
  }));
  await everyWay(victim);
  await archived();
}, 300_000);
afterAll(async () => {
  await holdfast.stop();
  await receiver.close();
}, 60_000);

describe('content of data subjects', () => {
  it('is on no disk in the open: neither in the log, nor in Postgres, nor in what processes say', async () => {
    for (const index of [0, 1, subjects - 1]) expect(await onDisk(markOf(nameOf(index)))).toEqual([]);
    expect(await onDisk(victim)).toEqual([]);
  }, 60_000);

  it('verifies, and is read back by who asked', async () => {
    // There is no checkpoint to verify against before the first one is signed.
    const { problems } = await sound();
    expect(problems).toEqual([]);
    for (const job of jobs.get(victim) ?? []) expect((await result(job)).status).toBe(200);
  }, 120_000);
});

describe('one erased data subject', () => {
  let wrapped: string[];
  let erased: Erasure;

  it('is erased by a command that first says what it would do', async () => {
    wrapped = await wrappedKeys(victim);
    expect(await onDisk(wrapped[0]!)).not.toEqual([]);
    const looked = await erase(victim, '--dry-run');
    // With the one that turned out to be a repetition.
    expect(looked).toMatchObject({ status: 'dry_run', jobs: jobs.get(victim)!.length + 1 });
    await expect(erase(victim, '--reason', 'asked for')).rejects.toMatchObject({
      stderr: expect.stringContaining('Nothing was erased'),
    });
    erased = await erase(victim, '--reason', 'asked for', '--yes');
    expect(erased).toMatchObject({ status: 'erased', keys: looked.keys });
  }, 60_000);

  it('can be read nowhere: results, streams, timelines, redrives', async () => {
    for (const job of jobs.get(victim) ?? []) {
      const answer = await result(job);
      expect([job, answer.status]).toEqual([job, 410]);
      expect(await answer.text()).toContain('content_erased');
      expect((await call(holdfast, `/v1/jobs/${job}/stream`)).status).toBe(410);
      const view = await call(holdfast, `/v1/jobs/${job}`);
      const events = await call(holdfast, `/v1/jobs/${job}/events`);
      expect([view.status, events.status]).toEqual([200, 200]);
      expect(await events.text()).not.toContain(markOf(victim));
    }
    const replayed = await complete(victim, { 'idempotency-key': keyOfRequest });
    expect([replayed.status, await replayed.text()]).toEqual([422, expect.stringContaining('erased')]);
  }, 60_000);

  it('has no key on any disk of the log, also when its server has started anew', async () => {
    expect(await onDisk(wrapped[0]!, 'nats')).toEqual([]);
    await holdfast.signal('nats', 'SIGKILL');
    await eventually('the log', async () => (await complete(nameOf(1))).ok, 60_000);
    expect(await onDisk(wrapped[0]!, 'nats')).toEqual([]);
    // The archive, which knows old jobs, may have to find the log again: meanwhile this is a 503.
    const answer = await eventually('an answer', async () => {
      const given = await result(jobs.get(victim)![0]!);
      return given.status !== 503 && given;
    });
    expect(answer.status).toBe(410);
  }, 120_000);

  it('is in no copy of the keys', async () => {
    await eventually('the copy', async () => {
      const copied = await copies();
      return !copied.includes(erased.keys[0]!) && copied.includes(`erased.${erased.keys[0]!}`);
    });
  }, 60_000);

  it('leaves all others as they were, and the log proves itself', async () => {
    for (const [subject, [first]] of jobs) {
      if (subject !== victim) expect([subject, (await result(first!)).status]).toEqual([subject, 200]);
    }
    await archived();
    const { problems, checkpoints } = await sound();
    expect(problems).toEqual([]);
    expect(checkpoints).toBeGreaterThan(0);
  }, 300_000);

  it('asks again under a new key', async () => {
    const answer = await complete(victim);
    const job = answer.headers.get('holdfast-job-id') ?? '';
    // The caller has its answer a moment before the router has read its end in the log.
    await eventually('its result', async () => (await result(job)).status === 200);
    expect((await erase(victim, '--dry-run')).keys).not.toEqual(erased.keys);
  }, 60_000);
});

describe('an ingress that is killed while it erases', () => {
  it('leaves erasures that were not asked for, or that are carried out', async () => {
    const several = Array.from({ length: 12 }, (_, index) => nameOf(index + 10));
    for (let round = 0; round < 3; round += 1) {
      const mine = several.slice(round * 4, round * 4 + 4);
      const asked = mine.map((subject) => post(subject).catch(() => null));
      await new Promise((resolve) => setTimeout(resolve, 60 + round * 60));
      await holdfast.signal('ingress', 'SIGKILL');
      await Promise.all(asked);
      await eventually('the ingress', async () => (await call(holdfast, '/health/ready')).ok, 60_000);
    }
    await eventually('no open erasure', async () => {
      const { requested, done } = await erasures();
      return requested.every((id) => done.includes(id));
    }, 60_000);
    const { requested, done, keys } = await erasures();
    expect(new Set(done).size).toBe(done.length);
    expect(requested.length).toBe(done.length);
    let gone = 0;
    for (const subject of several) {
      const [first] = jobs.get(subject)!;
      const { status } = await result(first!);
      const asked = keys.has(await keyOf(first!));
      expect([subject, status]).toEqual([subject, asked ? 410 : 200]);
      if (asked) gone += 1;
    }
    process.stdout.write(`of ${several.length} erasures with the ingress killed ${gone} were asked for\n`);
    await archived();
    await sound();
  }, 400_000);
});

/** Asks for a completion as this subject, with its mark in the prompt. */
async function complete(subject: string, headers: Record<string, string> = {}): Promise<Response> {
  return call(holdfast, '/v1/chat/completions', {
    body: chat(`Hello, I am ${markOf(subject)}.`), headers: { 'holdfast-subject': subject, ...headers },
  });
}

async function ask(subject: string): Promise<void> {
  const answer = await complete(subject);
  expect([answer.status, subject]).toEqual([200, subject]);
  note(subject, answer);
}

function note(subject: string, { headers }: Response): void {
  const list = jobs.get(subject) ?? [];
  jobs.set(subject, [...list, headers.get('holdfast-job-id') ?? '']);
}

/** Streamed, replayed, large, and left behind with a webhook. */
async function everyWay(subject: string): Promise<void> {
  const headers = { 'holdfast-subject': subject };
  const streamed = await call(holdfast, '/v1/chat/completions', {
    body: { ...chat(markOf(subject)), stream: true }, headers,
  });
  note(subject, streamed);
  expect((await readEvents(streamed)).at(-1)?.data).toBe('[DONE]');
  const keyed = { 'idempotency-key': keyOfRequest };
  const [first, again] = [await complete(subject, keyed), await complete(subject, keyed)];
  note(subject, first);
  expect(again.headers.get('idempotent-replayed')).toBe('true');
  expect(await again.text()).toBe(await first.text());
  const wide = await call(holdfast, '/v1/chat/completions', {
    body: chat(`${markOf(subject)} ${large}`), headers,
  });
  expect(wide.status).toBe(200);
  note(subject, wide);
  const left = await submit(
    holdfast, { ...chat(markOf(subject)), user: subject }, { webhook: { url: receiver.url } },
  );
  jobs.set(subject, [...jobs.get(subject) ?? [], left.id]);
  await eventually('the webhook', async () => settled(await json<JobView>(call(holdfast, `/v1/jobs/${left.id}`)))
    && receiver.received.length > 0);
  expect(JSON.parse(receiver.received[0]!.body)).toMatchObject({ data: { id: left.id, result: { object: 'chat.completion' } } });
}

const result = (job: string): Promise<Response> => call(holdfast, `/v1/jobs/${job}/result`);

async function erase(subject: string, ...flags: string[]): Promise<Erasure> {
  return JSON.parse(await cli('erase', '--subject', subject, ...flags)) as Erasure;
}

/** As the command does it, without waiting for a process to start. */
function post(subject: string): Promise<Response> {
  return call(holdfast, '/admin/v1/erasures', {
    body: { subject, reason: 'asked for' }, headers: { authorization: `Bearer ${holdfast.adminToken}` },
  });
}

/** The archive as it verifies once a checkpoint stands behind what was done. */
async function sound(): Promise<Verified> {
  return eventually('a sound archive', async () => {
    const text = await cli('verify').catch((error: unknown) => (error as { stdout: string }).stdout);
    const found = JSON.parse(text) as Verified;
    if (!found.ok) throw new Error(text);
    return found;
  }, 90_000);
}

async function cli(...args: string[]): Promise<string> {
  const { stdout } = await run(process.execPath, [
    'dist/tools/holdfast.js', ...args, '--json', '--data-dir', holdfast.dataDir,
  ], {
    maxBuffer: 1 << 26,
    env: { ...process.env, DATABASE_URL: '', NATS_URL: '', HOLDFAST_ADMIN_TOKEN: holdfast.adminToken },
  });
  return stdout;
}

/** Files of the data directory that have these bytes in them. */
async function onDisk(text: string, part = ''): Promise<string[]> {
  const found: string[] = [];
  const root = path.join(holdfast.dataDir, part);
  for (const entry of await readdir(root, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const file = path.join(entry.parentPath, entry.name);
    // A file of a running server may go between the two.
    const bytes = await readFile(file).catch(() => Buffer.alloc(0));
    if (bytes.includes(text)) found.push(path.relative(holdfast.dataDir, file));
  }
  return found;
}

/** As they stand in the bucket: what would have to be found to open anything. */
async function wrappedKeys(subject: string): Promise<string[]> {
  const { keys } = await erase(subject, '--dry-run');
  return withLog(async (jsm) => {
    const found = [];
    for (const id of keys) {
      const name = id.slice(0, id.lastIndexOf('.'));
      const message = await jsm.direct.getMessage('KV_content-keys', { last_by_subj: `$KV.content-keys.${name}` });
      found.push((JSON.parse(message!.string()) as { wrapped: string }).wrapped);
    }
    return found;
  });
}

async function erasures(): Promise<{ requested: string[]; done: string[]; keys: Set<string> }> {
  return withLog(async (jsm) => {
    const requested: string[] = [];
    const done: string[] = [];
    const keys = new Set<string>();
    for (let sequence = 1; ;) {
      const message = await jsm.direct.getMessage('EVENTS', { seq: sequence, next_by_subj: 'events.governance' });
      if (message === null) return { requested, done, keys };
      for (const line of message.string().split('\n')) {
        const event = JSON.parse(line) as { type: string; subject: string; data: { keys: string[] } };
        if (event.type === 'ErasureRequested') {
          requested.push(event.subject);
          for (const key of event.data.keys) keys.add(key);
        }
        if (event.type === 'SubjectErased') done.push(event.subject);
      }
      sequence = message.seq + 1;
    }
  });
}

/** Names and ids of what Postgres has of the bucket. */
async function copies(): Promise<string[]> {
  const database = openDatabase({
    url: await archiveUrl({ dataDir: holdfast.dataDir }, {}), connectionsMax: 1, statementTimeoutMs: 0,
    onError: () => undefined,
  });
  const found: string[] = [];
  try {
    for await (const { name, value } of copiedKeys(database)) {
      found.push(name, (JSON.parse(value) as { id?: string }).id ?? '');
    }
  } finally {
    await database.close();
  }
  return found;
}

async function keyOf(job: string): Promise<string> {
  const { data } = await json<{ data: { type: string; data: { body: { key_id: string } } }[] }>(
    call(holdfast, `/v1/jobs/${job}/events`));
  return data[0]!.data.body.key_id;
}

type Manager = Awaited<ReturnType<typeof jetstreamManager>>;

async function withLog<T>(work: (jsm: Manager) => Promise<T>): Promise<T> {
  const nc = await natsAdmin(holdfast);
  try {
    return await work(await jetstreamManager(nc));
  } finally {
    await nc.close();
  }
}

async function archived(): Promise<void> {
  const { audit } = await holdfast.processes();
  const last = await withLog(async (jsm) => (await jsm.streams.info('EVENTS')).state.last_seq);
  await eventually('the archive', async () => {
    const metrics = await (await fetch(`${audit!.url}/metrics`)).text();
    return Number(/^holdfast_archived_sequence\{.*\} (\d+)$/m.exec(metrics)?.[1]) >= last;
  });
}
