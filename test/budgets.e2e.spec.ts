// Budgets and rate limits from outside: 500 requests in parallel on a key with money for about 100,
// the router killed in the middle. What was answered costs at most the limit, the rest is told why not,
// the books are the provider's ledger to the last digit, and every decision is made again alike.
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startProviderSim } from '../tools/provider-sim/src/start';
import { bodyOf, call, json, settled, submit, type JobView } from './support/api';
import { eventually, type Holdfast, startHoldfast } from './support/holdfast';
import { ledger, setScript } from './support/sim';

const run = promisify(execFile);
const parallel = 500;
/** 1 USD a million tokens in, 2 out; prompts of this test have about 10 tokens, answers 16 at most. */
const picoIn = 1_000_000n;
const picoOut = 2_000_000n;
/** About 100 times what one such request costs. */
const limitUsd = '0.0045';
const limitPico = 4_500_000_000n;

const keys = { poor: 'hf-poor-key-000000000000', slow: 'hf-slow-key-000000000000', lone: 'hf-lone-key-000000000000' };

let sim: Awaited<ReturnType<typeof startProviderSim>>;
let holdfast: Holdfast;

const config = (url: string): string => `
providers:
  - { id: sim, type: openai, base_url: "${url}/p/sim/v1", api_key: env:SIM_KEY, models: ["sim-small", "unpriced"] }
prices:
  - { provider: sim, model: sim-small, input_usd_per_mtok: 1, output_usd_per_mtok: 2 }
customers:
  - id: acme
    budgets: [{ limit_usd: 500, window: month, calendar: true }]
    keys:
      - { id: poor, value: env:POOR_KEY, budgets: [{ limit_usd: "${limitUsd}", window: day, calendar: true }] }
      - { id: slow, value: env:SLOW_KEY, rate_limits: [{ requests: 5, window: minute }] }
      - { id: lone, value: env:LONE_KEY, max_concurrent: 1 }
`;

beforeAll(async () => {
  sim = await startProviderSim({ port: 0 });
  holdfast = await startHoldfast({
    config: config(sim.url),
    env: { SIM_KEY: 'sk-sim', POOR_KEY: keys.poor, SLOW_KEY: keys.slow, LONE_KEY: keys.lone },
  });
  await setScript(sim.url, 'sim', { defaults: { latencyMs: [50, 800] }, seed: 5 });
}, 180_000);
afterAll(async () => {
  await holdfast.stop();
  await sim.close();
}, 60_000);

const as = (key: string, more: Record<string, string> = {}): Record<string, string> =>
  ({ authorization: `Bearer ${key}`, ...more });
const ask = (content: string, model = 'sim-small'): object =>
  ({ model, messages: [{ role: 'user', content }], max_tokens: 16 });
interface Line { level: string; id: string; kind: string; limit: string; spent: string; held: string; remaining: string; resets_at: string | null }
/** The router that was killed may just be coming back: meanwhile this is a 503. */
const usageOf = (key: string): Promise<Line[]> => eventually('usage', async () => {
  const answer = await call(holdfast, '/v1/usage', { headers: as(key) });
  return answer.ok && (await json<{ limits: Line[] }>(answer)).limits;
});
const pico = (usd: string): bigint => {
  const [whole = '0', part = ''] = usd.split('.');
  return BigInt(`${whole}${part.padEnd(12, '0')}`);
};

describe('a key with money for a hundred of five hundred requests', () => {
  const answers: { status: number; cost: string | null; body: { error?: { message: string; code: string } } }[] = [];

  it('gets no more than its budget, also when the router dies in the middle', async () => {
    let done = 0;
    const asked = Array.from({ length: parallel }, async (_, index) => {
      const once = (): Promise<Response> => call(holdfast, '/v1/chat/completions', {
        body: ask(`question ${index}`), headers: as(keys.poor, { 'idempotency-key': `poor-${index}` }),
      });
      // As a careful client does: on a busy disk an append may take too long, and nothing was accepted.
      let answer = await once();
      for (let tries = 1; answer.status === 503 && tries < 5; tries += 1) answer = await once();
      answers.push({
        status: answer.status, cost: answer.headers.get('holdfast-cost-usd'),
        body: await bodyOf<(typeof answers)[number]['body']>(answer),
      });
      done += 1;
    });
    await eventually('the first answers', async () => Promise.resolve(done >= 20));
    await holdfast.signal('router', 'SIGKILL');
    await Promise.all(asked);
    const paid = answers.filter(({ status }) => status === 200);
    const refused = answers.filter(({ status }) => status === 402);
    console.log(`${paid.length} answered, ${refused.length} refused, of ${parallel}`);
    expect(answers.filter((answer) => !paid.includes(answer) && !refused.includes(answer))).toEqual([]);
    expect(paid.length).toBeGreaterThan(50);
    const spent = paid.reduce((sum, { cost }) => sum + pico(cost ?? '0'), 0n);
    console.log(`${spent} of ${limitPico} pico-USD spent`);
    expect(spent <= limitPico).toBe(true);
  }, 120_000);

  it('is told which budget, how much is spent and held, and when it resets', async () => {
    const last = await call(holdfast, '/v1/chat/completions', { body: ask('one more'), headers: as(keys.poor) });
    // What single calls did not use up may leave room for one of these.
    const told = answers.find(({ status }) => status === 402)?.body.error;
    expect([200, 402]).toContain(last.status);
    expect(told?.code).toBe('budget_exceeded');
    expect(told?.message).toMatch(new RegExp(`^The budget of key poor \\(${limitUsd} USD per day\\) is not enough for this `
      + 'request, which may cost up to 0\\.\\d+ USD: [0-9.]+ USD are spent and [0-9.]+ USD are held for requests under way. '
      + 'It resets at \\d{4}-\\d\\d-\\d\\dT00:00:00.000Z\\.'));
  }, 60_000);

  it('has in the books what the provider served, to the last digit', async () => {
    const served = (await ledger(sim.url)).filter(({ outcome, attempt }) => outcome === 'served' && attempt !== '');
    const cost = served.reduce((sum, { usage }) =>
      sum + BigInt(usage.prompt) * picoIn + BigInt(usage.completion) * picoOut, 0n);
    // The last answer may be here before the router has read its end in the log.
    const [own, all] = await eventually('the end of all holds', async () => {
      const limits = await usageOf(keys.poor);
      return limits[0]?.held === '0' && limits;
    });
    expect(own).toMatchObject({ level: 'key', id: 'poor', kind: 'budget', limit: limitUsd, held: '0' });
    expect(pico(own!.spent)).toBe(cost);
    expect(pico(all!.spent)).toBe(cost);
    expect(pico(own!.spent) + pico(own!.remaining)).toBe(limitPico);
  }, 60_000);

  it('is never served what has no price', async () => {
    const answer = await call(holdfast, '/v1/chat/completions', { body: ask('x', 'unpriced'), headers: as(keys.poor) });
    expect(answer.status).toBe(402);
    expect(await answer.text()).toContain('price_unknown');
  }, 60_000);

  it('may let a job wait for the next window instead', async () => {
    const body = { ...ask('later'), max_tokens: 2_000 };
    const waiting = await call(holdfast, '/v1/chat/completions', {
      body, headers: as(keys.poor, { prefer: 'respond-async', 'holdfast-over-budget': 'wait', 'holdfast-deadline': '200000' }),
    });
    expect(waiting.status).toBe(202);
    const { id } = await json<JobView>(waiting);
    const deferred = await eventually('deferral', async () => {
      const job = await json<JobView>(call(holdfast, `/v1/jobs/${id}`, { headers: as(keys.poor) }));
      return job.status === 'deferred' && job;
    });
    expect(deferred.status).toBe('deferred');
    const at = await call(holdfast, '/v1/chat/completions', { body, headers: as(keys.poor, { prefer: 'respond-async' }) });
    const refused = await eventually('refusal', async () => {
      const job = await json<JobView>(call(holdfast, `/v1/jobs/${(await json<JobView>(at.clone())).id}`, { headers: as(keys.poor) }));
      return settled(job) && job;
    });
    expect(refused).toMatchObject({ status: 'failed', error: { class: 'budget_exceeded' } });
  }, 60_000);
});

describe('a rate limit', () => {
  it('answers 429 with the time to come back, and what is left', async () => {
    const statuses: number[] = [];
    for (let index = 0; index < 5; index += 1) {
      statuses.push((await call(holdfast, '/v1/chat/completions', { body: ask(`r${index}`), headers: as(keys.slow) })).status);
    }
    expect(statuses).toEqual([200, 200, 200, 200, 200]);
    const answer = await call(holdfast, '/v1/chat/completions', { body: { ...ask('r6'), stream: true }, headers: as(keys.slow) });
    expect(answer.status).toBe(429);
    const retryAfter = Number(answer.headers.get('retry-after'));
    expect(retryAfter).toBeGreaterThan(30);
    expect(retryAfter).toBeLessThanOrEqual(61);
    expect([
      answer.headers.get('x-ratelimit-limit-requests'), answer.headers.get('x-ratelimit-remaining-requests'),
      answer.headers.get('x-ratelimit-reset-requests'),
    ]).toEqual(['5', '0', `${retryAfter}s`]);
    expect(await answer.text()).toContain('The limit of key slow is 5 requests per minute: 5 are used');
    const anthropic = await call(holdfast, '/v1/messages', {
      body: ask('r7'), headers: { 'x-api-key': keys.slow, authorization: '', 'anthropic-version': '2023-06-01' },
    });
    expect(anthropic.status).toBe(429);
    expect(await anthropic.json()).toMatchObject({ type: 'error', error: { type: 'rate_limit_error' } });
  }, 60_000);

  it('that is set for a key that exists bounds it at once, and leaves it its value', async () => {
    const put = await call(holdfast, '/admin/v1/limits/key/bootstrap', {
      method: 'PUT', headers: as(holdfast.adminToken), body: { rate_limits: [{ requests: 1, window: 'hour' }] },
    });
    expect(put.status).toBe(200);
    const body = ask('mine');
    await eventually('the bound', async () =>
      (await call(holdfast, '/v1/chat/completions', { body })).status === 429);
    // Jobs that nobody waits for stay in the queue.
    const job = await submit(holdfast, body);
    const now = await json<JobView>(call(holdfast, `/v1/jobs/${job.id}`));
    expect(now.status).toBe('queued');
    await call(holdfast, '/admin/v1/limits/key/bootstrap', { method: 'DELETE', headers: as(holdfast.adminToken) });
    await eventually('the job', async () => settled(await json<JobView>(call(holdfast, `/v1/jobs/${job.id}`))));
  }, 60_000);
});

describe('operators', () => {
  it('see every budget as a table with bars', async () => {
    const { stdout } = await run(process.execPath, ['dist/tools/holdfast.js', 'budgets', '--data-dir', holdfast.dataDir],
      { env: { ...process.env, HOLDFAST_ADMIN_TOKEN: holdfast.adminToken } });
    console.log(stdout);
    expect(stdout).toContain('key poor');
    expect(stdout).toContain('█');
    expect(stdout).toContain('customer acme');
  }, 60_000);

  it('find every decision the same when it is made again', async () => {
    const { stdout } = await run(process.execPath, [
      'dist/tools/holdfast.js', 'replay', '--decisions', '--json', '--data-dir', holdfast.dataDir,
    ], { maxBuffer: 1e8 }).catch((error: unknown) => error as { stdout: string });
    const replayed = JSON.parse(stdout) as { decisions: number; different: number; differences: unknown[] };
    console.log(`${replayed.decisions} decisions made again`);
    expect(replayed.differences).toEqual([]);
    expect(replayed.different).toBe(0);
    expect(replayed.decisions).toBeGreaterThan(50);
  }, 120_000);
});
