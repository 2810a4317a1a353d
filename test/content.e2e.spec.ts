// What is kept of content, from outside: under every policy, in every way of asking, what its time is over
// for is in no file in the open and has no key anywhere; the rest is read back, and the log proves itself.
import { execFile } from 'node:child_process';
import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { jetstreamManager } from '@nats-io/jetstream';
import { openDatabase } from '@libs/postgres/database';
import { copiedKeys } from '@libs/postgres/key-copies';
import { startProviderSim } from '../tools/provider-sim/src/start';
import { archiveUrl } from '../tools/src/verify/database-url';
import { call, chat, json, type JobView, settled, submit } from './support/api';
import { eventually, type Holdfast, startHoldfast } from './support/holdfast';
import { natsAdmin } from './support/nats';
import { type Receiver, startReceiver } from './support/receiver';
import { readEvents } from './support/sse';

const run = promisify(execFile);
const policies = ['none', 'hash', 'redacted', 'kept', 'full'] as const;
type Policy = (typeof policies)[number];
const passing = policies.filter((policy) => policy !== 'full');
const large = 'wide '.repeat(40_000);
/** Minutes and days take 3 s; the shortest deadline is a second. */
const tempoMs = 3_000;
let holdfast: Holdfast;
let receiver: Receiver;
let sim: Awaited<ReturnType<typeof startProviderSim>>;
const jobs = new Map<Policy, string[]>();
let failed = '';
/** Wrapped keys that were there, by policy. */
const wrapped = new Map<string, string>();

const markOf = (policy: Policy): string => `mark-of-${policy}`;
const emailOf = (policy: Policy): string => `${markOf(policy)}@content.example`;
const secret = `sk-proj-${'aB3dE6gH9j'.repeat(4)}`;

function config(url: string): string {
  const rules = {
    none: 'policy: none', hash: 'policy: hash', redacted: 'policy: redacted', kept: 'keep_days: 2',
    full: 'mask_secrets: true',
  };
  const routes = policies.map((policy) => [
    `  - model: ${policy}`, '    targets: [{ provider: sim, model: sim-small }]',
    `    content: { ${rules[policy]} }`,
  ].join('\n'));
  return ['providers:',
    `  - { id: sim, type: openai, base_url: "${url}/p/sim/v1", api_key: env:SIM_KEY, models: ["sim-small", "sim-fail"] }`, 'routes:', ...routes,
    '  - model: none-failing', '    targets: [{ provider: sim, model: sim-fail }]', '    content: { policy: none }',
    'webhooks: { allow_private: true }', ''].join('\n');
}

beforeAll(async () => {
  receiver = await startReceiver();
  sim = await startProviderSim({ port: 0 });
  holdfast = await startHoldfast({
    config: config(sim.url),
    env: { SIM_KEY: 'sk-sim', HOLDFAST_CONTENT_TEMPO_MS: String(tempoMs) },
  });
}, 300_000);
afterAll(async () => {
  await holdfast.stop();
  await Promise.all([receiver.close(), sim.close()]);
}, 60_000);

describe('content', () => {
  it.each(policies)('%s: is asked for in every way, and answered', async (policy) => {
    for (const [id, value] of await everyWay(policy)) wrapped.set(id, value);
  }, 120_000);

  it('of a job that fails is there for as long as its deadline', async () => {
    const left = await submit(holdfast, chat(emailOf('none'), 'none-failing'), { deadline_s: 5 });
    await eventually('its end', async () => settled(await json<JobView>(call(holdfast, `/v1/jobs/${left.id}`))));
    failed = left.id;
  }, 60_000);

  it('is past its time: no key in bucket or copies, on no disk of the log, and the fact in the log', async () => {
    expect(wrapped.size).toBeGreaterThanOrEqual(passing.length);
    await eventually('the sweep', async () => (await timedKeys()).size === 0, 90_000);
    for (const value of wrapped.values()) expect(await onDisk(value, 'nats')).toEqual([]);
    await eventually('the copies', async () => (await copies()).every((name) => !name.includes('.kept-')));
    expect((await copies()).filter((name) => /\.(none|hash|redacted)-/.test(name))).toEqual([]);
    // The fact follows the last key that it counts.
    await eventually('the fact of each kind', async () => {
      const kinds = Object.keys(Object.assign({}, ...await destroyed()) as object);
      return kinds.toSorted().join() === passing.toSorted().join();
    });
  }, 180_000);

  it.each(passing)('%s: is in no file in the open', async (policy) => {
    expect(await onDisk(markOf(policy))).toEqual([]);
    expect(await onDisk(secret)).toEqual([]);
  }, 60_000);

  it.each(['none', 'hash', 'kept'] as const)('%s: is a 410 that names the policy, everywhere', async (policy) => {
    for (const job of jobs.get(policy)!) {
      const answer = await result(job);
      expect([job, answer.status]).toEqual([job, 410]);
      expect(await answer.text()).toContain(policy === 'kept' ? 'content.keep_days' : `content.policy: ${policy}`);
      expect((await call(holdfast, `/v1/jobs/${job}/stream`)).status).toBe(410);
      expect((await call(holdfast, `/v1/jobs/${job}`)).status).toBe(200);
    }
    const again = await ask(policy, { headers: { 'idempotency-key': `same-${policy}` } });
    expect([again.status, await again.text()]).toEqual([410, expect.stringContaining('content_not_kept')]);
  }, 60_000);

  it('none: a job cannot be run again with what is not there', async () => {
    const answer = await eventually('the archive', async () => {
      const tried = await call(holdfast, `/v1/jobs/${failed}/redrive`, { method: 'POST' });
      return tried.status !== 503 && tried;
    });
    expect([answer.status, await answer.text()]).toEqual([410, expect.stringContaining('content.policy: none')]);
  }, 60_000);

  it('full and redacted: can be read; of the latter the personal data is not there any more', async () => {
    for (const policy of ['full', 'redacted'] as const) {
      for (const job of jobs.get(policy)!) expect([job, (await result(job)).status]).toEqual([job, 200]);
    }
  }, 60_000);

  it('the log proves itself', async () => {
    const { problems } = await eventually('a checkpoint behind it', async () => {
      const found = await verified();
      return found.ok && found;
    }, 120_000);
    expect(problems).toEqual([]);
  }, 200_000);
});

interface Asking { readonly headers?: Record<string, string>; readonly more?: object; readonly text?: string }

function ask(policy: Policy, { headers = {}, more = {}, text = '' }: Asking = {}): Promise<Response> {
  const secretly = policy === 'full' ? ` ${secret}` : '';
  const body = { ...chat(`I am ${emailOf(policy)}.${secretly} ${text}`, policy), ...more };
  return call(holdfast, '/v1/chat/completions', { body, headers: { 'holdfast-deadline': '20', ...headers } });
}

/** Sync, replayed, streamed, large, and left behind with a webhook; the keys that it was sealed by. */
async function everyWay(policy: Policy): Promise<Map<string, string>> {
  const made: string[] = [];
  const note = (answer: Response): void => {
    expect([policy, answer.status]).toEqual([policy, 200]);
    expect(answer.headers.get('holdfast-masked')).toBe(policy === 'full' ? '1' : null);
    made.push(answer.headers.get('holdfast-job-id') ?? '');
  };
  const keyed = { headers: { 'idempotency-key': `same-${policy}` } };
  const [first, again] = [await ask(policy, keyed), await ask(policy, keyed)];
  note(first);
  expect([again.headers.get('idempotent-replayed'), await again.text()]).toEqual(['true', await first.text()]);
  const streamed = await ask(policy, { more: { stream: true } });
  note(streamed);
  expect((await readEvents(streamed)).at(-1)?.data).toBe('[DONE]');
  note(await ask(policy, { text: large }));
  const before = receiver.received.length;
  const left = await submit(
    holdfast, chat(emailOf(policy), policy), { webhook: { url: receiver.url }, deadline_s: 20 },
  );
  made.push(left.id);
  await eventually('the webhook', async () => settled(await json<JobView>(call(holdfast, `/v1/jobs/${left.id}`)))
    && receiver.received.length > before);
  expect(JSON.parse(receiver.received.at(-1)!.body)).toMatchObject({ data: { id: left.id, result: { object: 'chat.completion' } } });
  jobs.set(policy, made);
  return timedKeys();
}

const result = (job: string): Promise<Response> => call(holdfast, `/v1/jobs/${job}/result`);

async function timedKeys(): Promise<Map<string, string>> {
  return withLog(async (jsm) => {
    const found = new Map<string, string>();
    const filter = '$KV.content-keys.*.*';
    const { state } = await jsm.streams.info('KV_content-keys', { subjects_filter: filter });
    for (const subject of Object.keys(state.subjects ?? {})) {
      const message = await jsm.direct.getMessage('KV_content-keys', { last_by_subj: subject });
      if (message === null) continue;
      found.set(subject, (JSON.parse(message.string()) as { wrapped: string }).wrapped);
    }
    return found;
  });
}

/** `by_kind` of each fact. */
async function destroyed(): Promise<object[]> {
  return withLog(async (jsm) => {
    const found: object[] = [];
    for (let sequence = 1; ;) {
      const message = await jsm.direct.getMessage('EVENTS', { seq: sequence, next_by_subj: 'events.access' });
      if (message === null) return found;
      for (const line of message.string().split('\n')) {
        const event = JSON.parse(line) as { type: string; data: { by_kind: object } };
        if (event.type === 'ContentKeysDestroyed') found.push(event.data.by_kind);
      }
      sequence = message.seq + 1;
    }
  });
}

/** Names of what Postgres has of the bucket. */
async function copies(): Promise<string[]> {
  const database = openDatabase({
    url: await archiveUrl({ dataDir: holdfast.dataDir }, {}), connectionsMax: 1, statementTimeoutMs: 0,
    onError: () => undefined,
  });
  const found: string[] = [];
  try {
    for await (const { name } of copiedKeys(database)) found.push(name);
  } finally {
    await database.close();
  }
  return found;
}

async function verified(): Promise<{ ok: boolean; problems: object[] }> {
  const text = await run(process.execPath, [
    'dist/tools/holdfast.js', 'verify', '--json', '--data-dir', holdfast.dataDir,
  ], {
    maxBuffer: 1 << 26,
    env: { ...process.env, DATABASE_URL: '', NATS_URL: '', HOLDFAST_ADMIN_TOKEN: holdfast.adminToken },
  }).then(({ stdout }) => stdout, (error: unknown) => (error as { stdout: string }).stdout);
  return JSON.parse(text) as { ok: boolean; problems: object[] };
}

/** Files of the data directory that have these bytes in them. */
async function onDisk(text: string, part = ''): Promise<string[]> {
  const found: string[] = [];
  for (const entry of await readdir(path.join(holdfast.dataDir, part), { recursive: true, withFileTypes: true })) {
    if (!entry.isFile() || entry.name === 'holdfast.yaml') continue;
    // A file of a running server may go between the two.
    const bytes = await readFile(path.join(entry.parentPath, entry.name)).catch(() => Buffer.alloc(0));
    if (bytes.includes(text)) found.push(entry.name);
  }
  return found;
}

async function withLog<T>(work: (jsm: Awaited<ReturnType<typeof jetstreamManager>>) => Promise<T>): Promise<T> {
  const nc = await natsAdmin(holdfast);
  try {
    return await work(await jetstreamManager(nc));
  } finally {
    await nc.close();
  }
}
