// One budget over two ingresses and two routers: 500 requests in parallel on a key with money for about
// 100, and the router that owns its customer killed in the middle, so the other one goes on. One customer
// is one partition, so there is never more than one who decides.
import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { partitionOf, partitionOfSubject } from '@libs/events/subjects';
import { readLog } from '../faults/src/evidence/log-evidence';
import { moneyOf } from '../faults/src/evidence/money';
import { type Stories, storiesOf, terminalsOf } from '../faults/src/evidence/stories';
import { AdminLog } from '../faults/src/system/admin-log';
import { startProviderSim } from '../tools/provider-sim/src/start';
import { call, json } from './support/api';
import { type Beside, startBeside } from './support/beside';
import { eventually, type Holdfast, startHoldfast } from './support/holdfast';
import { ledger, setScript } from './support/sim';

const run = promisify(execFile);
const parallel = 500;
/** Of them, asked once the router is killed. */
const late = 50;
const key = 'hf-poor-key-000000000000';
/** 1 USD a million tokens in, 2 out; prompts of this test have about 10 tokens, answers 16 at most. */
const picoIn = 1_000_000n;
const picoOut = 2_000_000n;
/** About 100 times what one such request costs. */
const limitUsd = '0.0045';
const limitPico = 4_500_000_000n;
const partitionCount = 4;

let sim: Awaited<ReturnType<typeof startProviderSim>>;
let holdfast: Holdfast;
let ingress: Beside;
let router: Beside;

const config = (url: string): string => `
providers:
  - { id: sim, type: openai, base_url: "${url}/p/sim/v1", api_key: env:SIM_KEY, models: ["sim-small"] }
prices:
  - { provider: sim, model: sim-small, input_usd_per_mtok: 1, output_usd_per_mtok: 2 }
customers:
  - id: acme
    budgets: [{ limit_usd: 500, window: total }]
    keys:
      - { id: poor, value: env:POOR_KEY, budgets: [{ limit_usd: "${limitUsd}", window: total }] }
`;

beforeAll(async () => {
  sim = await startProviderSim({ port: 0 });
  holdfast = await startHoldfast({ config: config(sim.url), env: { SIM_KEY: 'sk-sim', POOR_KEY: key } });
  [ingress, router] = await Promise.all([startBeside(holdfast, 'ingress'), startBeside(holdfast, 'router')]);
  await setScript(sim.url, 'sim', { defaults: { latencyMs: [50, 800] }, seed: 6 });
}, 240_000);
afterAll(async () => {
  await Promise.all([ingress, router].map((one) => one.kill()));
  await holdfast.stop();
  await sim.close();
}, 60_000);

const admin = (): { headers: Record<string, string> } => ({ headers: { authorization: `Bearer ${holdfast.adminToken}` } });
const pico = (usd: string): bigint => {
  const [whole = '0', part = ''] = usd.split('.');
  return BigInt(`${whole}${part.padEnd(12, '0')}`);
};
interface Line { level: string; id: string; kind: string; window: string; limit: string; spent: string; held: string; remaining: string }
const budgets = (): Promise<Line[]> => eventually('budgets', async () => {
  const answer = await call(holdfast, '/admin/v1/budgets', admin());
  return answer.ok && (await json<{ data: Line[] }>(answer)).data;
});
const own = (lines: readonly Line[]): Line => lines.find(({ id }) => id === 'poor')!;
const cli = async (...args: string[]): Promise<string> => (await run(process.execPath, [
  'dist/tools/holdfast.js', ...args, '--data-dir', holdfast.dataDir,
], { maxBuffer: 1e8, env: { ...process.env, HOLDFAST_ADMIN_TOKEN: holdfast.adminToken } })).stdout;

async function readAll(): Promise<{ log: ReturnType<typeof readLog>; stories: Stories; last: number }> {
  const users = JSON.parse(await readFile(path.join(holdfast.dataDir, 'secrets/nats-users.json'), 'utf8')) as { admin: string };
  const url = (await holdfast.processes()).nats!.url.replace('//', `//admin:${encodeURIComponent(users.admin)}@`);
  const reader = await AdminLog.connect(url);
  try {
    const messages = await reader.read(1);
    const log = readLog(messages, new Set());
    return { log, stories: storiesOf(log), last: messages.at(-1)!.sequence };
  } finally {
    await reader.close();
  }
}

/** The router whose partitions have this customer, by its instance; all partitions are owned. */
const ownerOf = (customer: string): Promise<string> => eventually('an owner', async () => {
  const { routers } = await json<{ routers: { router: string; partitions: number[] }[] }>(
    call(holdfast, '/admin/v1/health', admin()));
  if (routers.length !== 2 || routers.some(({ partitions }) => partitions.length !== 2)) return null;
  return routers.find(({ partitions }) => partitions.includes(partitionOf(customer, partitionCount)))?.router;
}, 60_000);

describe('a key with money for a hundred of five hundred requests, at two ingresses', () => {
  const answers: { status: number; job: string; cost: string | null }[] = [];

  it('gets no more than its budget, also when its router dies in the middle and the other goes on', async () => {
    const owner = await ownerOf('acme');
    const one = (index: number, tries: number): Promise<Response> => {
      const through = { ...holdfast, url: (index + tries) % 2 === 0 ? holdfast.url : ingress.url };
      return call(through, '/v1/chat/completions', {
        body: { model: 'sim-small', messages: [{ role: 'user', content: `question ${index}` }], max_tokens: 16 },
        headers: { authorization: `Bearer ${key}`, 'idempotency-key': `poor-${index}` },
      });
    };
    const ask = async (index: number): Promise<void> => {
      // As a careful client does, at the other ingress: while nobody decides this is a 503.
      let answer = await one(index, 0);
      for (let tries = 1; answer.status === 503 && tries < 8; tries += 1) answer = await one(index, tries);
      await answer.arrayBuffer();
      answers.push({
        status: answer.status, job: answer.headers.get('holdfast-job-id') ?? '',
        cost: answer.headers.get('holdfast-cost-usd'),
      });
    };
    const asked = Array.from({ length: parallel - late }, (_, index) => ask(index));
    await eventually('the first answers', async () => answers.length >= 20);
    const atKill = answers.length;
    await (owner === router.instance ? router.kill() : holdfast.signal('router', 'SIGKILL'));
    // On a fast machine all the others may be decided by now: these are for whoever goes on.
    asked.push(...Array.from({ length: late }, (_, index) => ask(parallel - late + index)));
    await Promise.all(asked);
    const paid = answers.filter(({ status }) => status === 200);
    const refused = answers.filter(({ status }) => status === 402);
    console.log(`${owner} killed after ${atKill} answers; ${paid.length} answered, ${refused.length} refused, of ${parallel}`);
    expect(answers.filter((answer) => !paid.includes(answer) && !refused.includes(answer))).toEqual([]);
    expect(paid.length).toBeGreaterThan(50);
  }, 180_000);

  it('has each accepted request once in the log, with one outcome', async () => {
    const { log, stories } = await readAll();
    for (const { job } of answers) expect([job, stories.has(job)]).toEqual([job, true]);
    const open = [...stories.values()].filter((story) =>
      terminalsOf(story).length !== 1 && !story.events.some(({ event }) => event.type === 'JobDeduplicated'));
    expect(open.map(({ id, events }) => [id, events.map(({ event }) => event.type)])).toEqual([]);
    const succeeded = [...stories.values()].filter((story) => terminalsOf(story)[0]?.status === 'succeeded');
    const byKey = new Set(succeeded.map(({ submitted }) => submitted.data.idempotency?.key));
    expect(byKey.size).toBe(succeeded.length);
    expect(succeeded.length).toBe(answers.filter(({ status }) => status === 200).length);
    // Both routers decided: what was asked for before the second one was elected, and after.
    const events = log.commits.flatMap((commit) => commit.events.map((event) => ({ event, subject: commit.message.subject })));
    const own = partitionOf('acme', partitionCount);
    const elected = events.findLastIndex(({ event, subject }) =>
      event.type === 'RouterElected' && partitionOfSubject(subject) === own);
    const decided = (list: typeof events): number => list.filter(({ event }) =>
      ['JobRouted', 'JobRejected'].includes(event.type) && event.tenant === 'acme').length;
    const [before, after] = [decided(events.slice(0, elected)), decided(events.slice(elected))];
    console.log(`${stories.size} submissions, ${succeeded.length} succeeded; ${before} decisions before the failover, ${after} after`);
    expect(before).toBeGreaterThan(0);
    expect(after).toBeGreaterThan(0);
  }, 60_000);

  it('is never above its limit by more than estimates were off, and holds nothing in the end', async () => {
    const { log } = await readAll();
    const money = moneyOf(log).get('key/poor')!;
    console.log(`limit ${limitPico}, at most spent and held ${money.most} (at ${money.mostAt}), estimates off by ${
      money.beyond}, spent ${money.spent}, held ${money.held} pico-USD`);
    expect(money.most <= limitPico).toBe(true);
    expect(money.spent + money.held <= limitPico + money.beyond).toBe(true);
    expect(money.held).toBe(0n);
    // The router that was killed is back, and takes partitions over: meanwhile this is a 503.
    const { data: holds } = await eventually('holds', () =>
      json<{ data: unknown[] }>(call(holdfast, '/admin/v1/holds', admin())));
    expect(holds).toEqual([]);
    const line = own(await budgets());
    expect(line).toMatchObject({ kind: 'budget', limit: limitUsd, held: '0' });
    expect(pico(line.spent)).toBe(money.spent);
  }, 60_000);

  it('has in the books what the provider served, to the last digit', async () => {
    const served = (await ledger(sim.url)).filter(({ attempt }) => attempt !== '');
    expect(served.filter(({ outcome }) => outcome !== 'served')).toEqual([]);
    const cost = served.reduce((sum, { usage }) =>
      sum + BigInt(usage.prompt) * picoIn + BigInt(usage.completion) * picoOut, 0n);
    const lines = await budgets();
    expect(pico(own(lines).spent)).toBe(cost);
    expect(pico(lines.find(({ level }) => level === 'customer')!.spent)).toBe(cost);
    expect(pico(own(lines).spent) + pico(own(lines).remaining)).toBe(limitPico);
    expect(answers.reduce((sum, answer) => sum + pico(answer.cost ?? '0'), 0n)).toBe(cost);
  }, 60_000);

  it('has the same budgets when they are made again from the log, and every decision again alike', async () => {
    const { last } = await readAll();
    const made = JSON.parse(await cli('replay', '--at', String(last), '--projection', 'budgets', '--from-beginning', '--json')) as
      { folded: { from_snapshot: number | null; events: number }; entries: { value: Line }[] };
    expect(made.folded.from_snapshot).toBeNull();
    const sorted = (lines: readonly object[]): string[] => lines.map((line) => JSON.stringify(line)).sort();
    expect(sorted(made.entries.map(({ value }) => value))).toEqual(sorted(await budgets()));
    const replayed = JSON.parse(await cli('replay', '--decisions', '--json')) as { decisions: number; different: number; differences: unknown[] };
    console.log(`${made.folded.events} events folded anew, ${replayed.decisions} decisions made again`);
    expect([replayed.different, replayed.differences]).toEqual([0, []]);
    expect(replayed.decisions).toBeGreaterThan(50);
  }, 180_000);
});
