// Any moment of a real run, asked for afterwards: budgets and health are what the router answered then,
// to the last digit; from a snapshot and from the beginning alike; also beside a killed router.
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startProviderSim } from '../tools/provider-sim/src/start';
import { bodyOf, call, json, submit } from './support/api';
import { eventually, type Holdfast, startHoldfast } from './support/holdfast';
import { setScript } from './support/sim';

const run = promisify(execFile);
const keys = { one: 'hf-one-key-0000000000000', two: 'hf-two-key-0000000000000' };
const projections = ['budgets', 'health', 'keys', 'jobs', 'routes'] as const;

let sim: Awaited<ReturnType<typeof startProviderSim>>;
let holdfast: Holdfast;

const config = (url: string): string => `
providers:
  - { id: good, type: openai, base_url: "${url}/p/good/v1", api_key: env:SIM_KEY, models: ["sim-small"] }
  - { id: bad, type: openai, base_url: "${url}/p/bad/v1", api_key: env:SIM_KEY, models: ["sim-small"] }
routes:
  - model: chat
    targets: [{ provider: bad, model: sim-small, weight: 50 }, { provider: good, model: sim-small, weight: 50 }]
prices:
  - { provider: good, model: sim-small, input_usd_per_mtok: 1, output_usd_per_mtok: 2 }
  - { provider: bad, model: sim-small, input_usd_per_mtok: 0.7, output_usd_per_mtok: 1.3 }
customers:
  - id: acme
    budgets: [{ limit_usd: 500, window: month, calendar: true }, { limit_usd: 1, window: hour, models: ["ch*"] }]
    keys:
      - { id: one, value: env:ONE_KEY, budgets: [{ limit_usd: 3, window: total }], max_concurrent: 50 }
  - id: other
    keys:
      - { id: two, value: env:TWO_KEY, rate_limits: [{ requests: 100000, tokens: 9000000, window: hour }] }
`;

beforeAll(async () => {
  sim = await startProviderSim({ port: 0 });
  holdfast = await startHoldfast({
    config: config(sim.url), env: { SIM_KEY: 'sk-sim', ONE_KEY: keys.one, TWO_KEY: keys.two },
  });
  await setScript(sim.url, 'good', { defaults: { latencyMs: [5, 40] }, seed: 2 });
  await setScript(sim.url, 'bad', { defaults: { latencyMs: [5, 40] }, seed: 3, faults: { server_error: 0.3, rate_limited: 0.1 } });
}, 180_000);
afterAll(async () => {
  await holdfast.stop();
  await sim.close();
}, 60_000);

interface Entry { key: string; value: Record<string, unknown> }
interface State {
  at: { sequence: number; time: string; evaluated_at: string };
  folded: { from_snapshot: number | null; events: number; seconds: number };
  data: Entry[]; has_more: boolean; last_key: string | null;
}
interface Record_ { sequence: number; fromMs: number; toMs: number; budgets: string[]; health: unknown }

const admin = (): { headers: Record<string, string> } => ({ headers: { authorization: `Bearer ${holdfast.adminToken}` } });
const ask = (query: string): Promise<Response> => call(holdfast, `/audit/v1/state?${query}`, admin());

/** All pages of it. */
async function state(at: string | number, projection: string, more = ''): Promise<State> {
  const data: Entry[] = [];
  for (let after = ''; ;) {
    const moment = encodeURIComponent(typeof at === 'number' ? new Date(at).toISOString() : at);
    const page = await eventually(`state at ${at}`, async () => {
      const answer = await ask(`at=${moment}&projection=${projection}&limit=7${after}${more}`);
      if (answer.status === 202) return null;
      if (answer.status !== 200) throw new Error(await answer.text());
      return json<State>(answer);
    });
    data.push(...page.data);
    if (!page.has_more) return { ...page, data };
    after = `&after=${encodeURIComponent(page.last_key ?? '')}`;
  }
}

const sorted = (lines: readonly unknown[]): string[] => lines.map((line) => JSON.stringify(line)).sort();
const values = ({ data }: State): unknown[] => data.map(({ value }) => value);
const queue = (): Promise<{ waiting: number; running: number; log: { last_sequence: number } }> =>
  json(call(holdfast, '/admin/v1/queue', admin()));

/** What the router answers now, while nothing is appended. */
async function record(): Promise<Record_> {
  return eventually('a quiet moment', async () => {
    const { last_sequence: before } = (await queue()).log;
    const fromMs = Date.now();
    const budgets = await json<{ data: unknown[] }>(call(holdfast, '/admin/v1/budgets', admin()));
    const health = await json<{ providers: { provider: string }[] }>(call(holdfast, '/admin/v1/health', admin()));
    const toMs = Date.now();
    const { last_sequence: after } = (await queue()).log;
    if (after !== before) return null;
    health.providers.sort((one, other) => (one.provider < other.provider ? -1 : 1));
    return { sequence: before, fromMs, toMs, budgets: sorted(budgets.data), health: health.providers };
  });
}

async function load(requests: number): Promise<void> {
  await Promise.all(Array.from({ length: requests }, async (_, index) => {
    const key = index % 3 === 0 ? keys.two : keys.one;
    const body = { model: 'chat', messages: [{ role: 'user', content: `question ${index}` }], max_tokens: 16 };
    await call(holdfast, '/v1/chat/completions', { body, headers: { authorization: `Bearer ${key}` } });
  }));
  await eventually('all ended', async () => {
    const { waiting, running } = await queue();
    return waiting + running === 0;
  });
}

/** Windows move between the two: one of both is what was answered. */
async function expectAsThen(then: Record_): Promise<void> {
  for (const [projection, wanted] of [['budgets', then.budgets], ['health', then.health]] as const) {
    const read = async (at: number): Promise<unknown> => {
      const found = await state(at, projection);
      expect(found.at.sequence).toBe(then.sequence);
      return projection === 'budgets' ? sorted(values(found)) : values(found);
    };
    const first = await read(then.fromMs);
    if (JSON.stringify(first) !== JSON.stringify(wanted)) expect(await read(then.toMs)).toEqual(wanted);
  }
}

describe('a moment of the past', () => {
  const records: Record_[] = [];
  let slowJob = '';

  it('is what the router answered then, also with money held and around restarts', async () => {
    records.push(await record());
    for (let round = 0; round < 3; round += 1) {
      await load(60);
      records.push(await record());
      // A router that is stopped leaves a snapshot, one that is killed does not.
      await holdfast.signal('router', round === 1 ? 'SIGKILL' : 'SIGTERM');
      await eventually('a router', async () => {
        const answer = await call(holdfast, '/admin/v1/budgets', admin());
        return answer.status === 200;
      });
    }
    await setScript(sim.url, 'good', { defaults: { latencyMs: 6_000 } });
    await setScript(sim.url, 'bad', { defaults: { latencyMs: 6_000 } });
    const body = { model: 'chat', messages: [{ role: 'user', content: 'slow' }], max_tokens: 16 };
    slowJob = (await submit(holdfast, body)).id;
    const held = call(holdfast, '/v1/chat/completions', { body, headers: { authorization: `Bearer ${keys.one}` } });
    await eventually('calls under way', async () => (await queue()).running >= 2);
    records.push(await record());
    expect(records.at(-1)?.budgets.some((line) => line.includes('"kind":"budget"') && !line.includes('"held":"0"'))).toBe(true);
    await held;
    await load(0);
    records.push(await record());
    expect(new Set(records.map(({ budgets }) => JSON.stringify(budgets))).size).toBe(records.length);
    for (const then of records) await expectAsThen(then);
  }, 300_000);

  it('has the jobs of then, page after page', async () => {
    const [, , , , busy, last] = records as [Record_, Record_, Record_, Record_, Record_, Record_];
    const then = (await state(busy.toMs, 'jobs')).data;
    const later = (await state(last.toMs, 'jobs')).data;
    expect(then.length).toBeGreaterThan(100);
    expect(then.map(({ key }) => key)).toEqual(then.map(({ key }) => key).sort());
    expect(then.find(({ key }) => key === slowJob)?.value).toMatchObject({ status: 'running', cost_usd: null });
    expect(later.find(({ key }) => key === slowJob)?.value).toMatchObject({ status: 'succeeded' });
    const mine = (await state(busy.toMs, 'jobs', '&tenant=other')).data;
    expect(new Set(mine.map(({ value }) => value['customer']))).toEqual(new Set(['other']));
    const one = (await state(busy.toMs, 'jobs', `&subject=${slowJob}`)).data;
    expect(one).toHaveLength(1);
  }, 120_000);

  it('is the same from a snapshot and from the beginning', async () => {
    const last = records.at(-1)!.sequence;
    // Not by asking for a moment: one that was folded already is answered again as it was.
    await eventually('a kept snapshot', async () => {
      const audit = (await holdfast.processes())['audit'];
      const metrics = await (await fetch(`${audit!.url}/metrics`)).text();
      return Number(/^holdfast_kept_snapshots\{.*\} (\d+)$/m.exec(metrics)?.[1] ?? 0) > 0;
    }, 90_000);
    const moments = [...Array.from({ length: 6 }, () => 1 + Math.floor(Math.random() * last)), last];
    const fromSnapshot = new Map<string, unknown>();
    let snapshots = 0;
    for (const moment of moments) {
      for (const projection of projections) {
        const found = await state(String(moment), projection);
        if (found.folded.from_snapshot !== null) snapshots += 1;
        fromSnapshot.set(`${moment} ${projection}`, found.data);
      }
    }
    expect(snapshots).toBeGreaterThan(0);
    for (const moment of moments) {
      for (const projection of projections) {
        const found = await state(String(moment), projection, '&from=beginning');
        expect(found.folded.from_snapshot).toBeNull();
        expect(found.data).toEqual(fromSnapshot.get(`${moment} ${projection}`));
      }
    }
  }, 240_000);

  it('is now what the router answers now', async () => {
    await expectAsThen(await record());
    const shown = await state(String((await queue()).log.last_sequence), 'keys', '&subject=one');
    expect(shown.data).toMatchObject([{ key: 'one', value: { customer: 'acme', revoked: false } }]);
    expect(JSON.stringify(shown.data)).not.toContain('hash');
  }, 60_000);

  it('that is none is refused with what there is', async () => {
    const refused = async (query: string): Promise<[number, string]> => {
      const answer = await ask(query);
      const { error } = await bodyOf<{ error: { code: string; message: string } }>(answer);
      return [answer.status, `${error.code}: ${error.message}`];
    };
    expect((await call(holdfast, '/audit/v1/state?at=1&projection=keys')).status).toBe(401);
    expect(await refused('at=1&projection=money')).toEqual([400, expect.stringContaining('budgets, health, keys, jobs, routes')]);
    expect(await refused('projection=keys')).toEqual([400, expect.stringContaining('takes a sequence (1200) or a time')]);
    expect(await refused('at=2026-11-26T10:00&projection=keys')).toEqual([400, expect.stringContaining('with its zone')]);
    expect(await refused('at=99999999&projection=keys')).toEqual([400, expect.stringContaining('in_the_future: The log ends with commit')]);
    const tomorrow = new Date(Date.now() + 86_400_000).toISOString();
    expect(await refused(`at=${tomorrow}&projection=keys`)).toEqual([400, expect.stringContaining('in_the_future')]);
    expect(await refused('at=2001-01-01T00:00:00Z&projection=keys'))
      .toEqual([404, expect.stringContaining('before_the_log: The archive begins at')]);
    expect(await refused('at=0&projection=keys')).toEqual([404, expect.stringContaining('before_the_log')]);
    expect(await refused('at=1&projection=health&tenant=acme')).toEqual([400, expect.stringContaining('belong to no customer')]);
  }, 30_000);

  it('is shown by the command, and compared with another', async () => {
    const replay = async (...flags: string[]): Promise<string> => (await run(process.execPath, [
      'dist/tools/holdfast.js', 'replay', '--data-dir', holdfast.dataDir, ...flags,
    ], { maxBuffer: 1e8, env: { ...process.env, HOLDFAST_ADMIN_TOKEN: holdfast.adminToken } })).stdout;
    const [first, , , , busy] = records as [Record_, Record_, Record_, Record_, Record_];
    const at = new Date(busy.toMs).toISOString();
    for (const projection of projections) {
      console.log(await replay('--at', at, '--projection', projection, ...(projection === 'jobs' ? ['--subject', slowJob] : [])));
    }
    const from = String(first.sequence);
    const text = await replay('--diff', from, at, '--projection', 'budgets');
    console.log(text, await replay('--diff', from, at, '--projection', 'health'));
    const last = String(records.at(-1)!.sequence);
    console.log(await replay('--diff', at, last, '--projection', 'jobs', '--subject', slowJob));
    console.log(await replay('--diff', '1', from, '--tenant', 'acme'));
    expect(text).toMatch(/~ +customer\/acme budget month calendar +spent +0 USD +0\.\d+ USD/);
    const [diff] = JSON.parse(await replay('--diff', from, at, '--projection', 'budgets', '--json')) as
      [{ changes: { key: string; fields: { field: string; before: string; after: string }[] }[] }];
    const spent = diff.changes.find(({ key }) => key === 'key/one budget total')?.fields
      .find(({ field }) => field === 'spent');
    const line = busy.budgets.map((text) => JSON.parse(text) as Record<string, string>)
      .find(({ level, id, kind }) => level === 'key' && id === 'one' && kind === 'budget');
    expect(spent).toMatchObject({ before: '0', after: line?.['spent'] });
  }, 120_000);

  it('is made by a process that does not outlive audit', async () => {
    await state(String(records.at(-1)!.sequence - 1), 'routes');
    const audit = (await holdfast.processes())['audit']!.pid;
    const folder = Number((await run('pgrep', ['-P', String(audit)])).stdout.trim());
    await holdfast.signal('audit', 'SIGKILL');
    const isGone = (): boolean => {
      try {
        process.kill(folder, 0);
        return false;
      } catch {
        return true;
      }
    };
    await eventually('the end of its process', () => Promise.resolve(isGone()));
    const again = await eventually('an answer', () => state(String(records.at(-1)!.sequence - 3), 'budgets'), 60_000);
    expect(again.data.length).toBeGreaterThan(3);
  }, 150_000);

  it('is not there while Postgres is away, and is again afterwards', async () => {
    const last = records.at(-1)!.sequence;
    const pid = (await holdfast.processes())['postgres']!.pid;
    const pids = (await run('pgrep', ['-P', String(pid)])).stdout.trim().split('\n').map(Number);
    // One that works off something in the background may have ended by itself.
    const terminate = (backend: number): void => {
      try {
        process.kill(backend, 'SIGTERM');
      } catch (error) {
        if ((error as { code?: string }).code !== 'ESRCH') throw error;
      }
    };
    // Nobody takes connections, and those that there were are gone.
    process.kill(pid, 'SIGSTOP');
    try {
      for (const backend of pids) terminate(backend);
      const away = await ask(`at=${last - 2}&projection=budgets`);
      expect([away.status, away.headers.get('retry-after')]).toEqual([503, '2']);
    } finally {
      process.kill(pid, 'SIGCONT');
    }
    const again = await eventually('an answer', () => state(String(last - 2), 'budgets'), 60_000);
    expect(again.data.length).toBeGreaterThan(3);
  }, 120_000);
});
