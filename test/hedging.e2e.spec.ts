// A route with a second call beside a late one, and with a further call at the same target: whole
// processes, two simulated providers of which the first is slow or fails once.
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { startProviderSim } from '../tools/provider-sim/src/start';
import { call, chat, type JobView, json, settled } from './support/api';
import { eventually, type Holdfast, startHoldfast } from './support/holdfast';
import { clearLedger, clearScript, ledger, setScript } from './support/sim';
import { readEvents, textOf } from './support/sse';

let sim: Awaited<ReturnType<typeof startProviderSim>>;
let holdfast: Holdfast;

/** More than a busy machine takes for a quick answer. */
const hedgeMs = 1_000;
/** The first provider takes so long: an answer well before that is the second one's. */
const slowMs = 20_000;
const quickMsMax = 15_000;

const config = (url: string): string => `
providers:
  - id: first
    type: openai
    base_url: ${url}/p/first/v1
    api_key: env:FIRST_KEY
    models: ["sim-small"]
  - id: second
    type: anthropic
    base_url: ${url}/p/second
    api_key: env:SECOND_KEY
    models: ["sim-small"]
routes:
  - model: chat
    strategy: priority
    hedge: { percent: 100, after_ms: ${hedgeMs} }
    retries: { same_target: 1 }
    targets:
      - { provider: first, model: sim-small }
      - { provider: second, model: sim-small }
`;

beforeAll(async () => {
  sim = await startProviderSim({ port: 0 });
  holdfast = await startHoldfast({
    config: config(sim.url), env: { FIRST_KEY: 'sk-first', SECOND_KEY: 'sk-second' },
  });
}, 180_000);
afterAll(async () => {
  await holdfast.stop();
  await sim.close();
}, 60_000);
beforeEach(async () => {
  await clearScript(sim.url, 'second');
  await clearLedger(sim.url);
});

/** The job of an answer, once its outcome is in the log. */
async function jobOf(answer: Response): Promise<JobView> {
  const id = answer.headers.get('holdfast-job-id');
  return eventually('the job', async () => {
    const job = await json<JobView>(call(holdfast, `/v1/jobs/${String(id)}`));
    return settled(job) && job;
  });
}

describe('a first provider that is slow', () => {
  beforeEach(() =>
    setScript(sim.url, 'first', { steps: [{ latencyMs: slowMs, times: 'forever' }] }));

  const expectBoth = async (answer: Response): Promise<void> => {
    expect(answer.headers.get('holdfast-provider')).toBe('second');
    const job = await jobOf(answer);
    expect(job.status).toBe('succeeded');
    expect(job.attempts).toMatchObject([
      { provider: 'first', outcome: 'unknown', cost_usd: null },
      { provider: 'second', outcome: 'succeeded' },
    ]);
    // The call that lost has ended at the provider too.
    const calls = await eventually('the end of both calls', async () => {
      const records = await ledger(sim.url);
      return records.length === 2 && records.every(({ outcome }) => outcome !== 'running') && records;
    }, quickMsMax);
    expect(calls.map(({ provider, outcome }) => `${provider} ${outcome}`).sort())
      .toEqual(['first cut', 'second served']);
  };

  it('does not keep a caller waiting: the second one answers', async () => {
    const startedMs = performance.now();
    const answer = await call(holdfast, '/v1/chat/completions', { body: chat('hello', 'chat') });
    const body = await json<{ choices: unknown[] }>(answer);
    expect(performance.now() - startedMs).toBeLessThan(quickMsMax);
    expect(body.choices).toHaveLength(1);
    await expectBoth(answer);
  }, 60_000);

  it('does not keep a streaming caller waiting either, who gets one whole stream', async () => {
    const startedMs = performance.now();
    const answer = await call(holdfast, '/v1/chat/completions', {
      body: { ...chat('hello', 'chat'), stream: true },
    });
    const events = await readEvents(answer);
    expect(performance.now() - startedMs).toBeLessThan(quickMsMax);
    expect(events.at(-1)?.data).toBe('[DONE]');
    expect(events.filter(({ data }) => data === '[DONE]')).toHaveLength(1);
    expect(textOf(events).length).toBeGreaterThan(0);
    const attempts = new Set(events.map(({ id }) => id.split(':')[0]));
    expect(attempts.size).toBe(1);
    await expectBoth(answer);
  }, 60_000);
});

describe('a first provider that is quick', () => {
  it('has no second call beside it', async () => {
    await clearScript(sim.url, 'first');
    const answer = await call(holdfast, '/v1/chat/completions', { body: chat('hello', 'chat') });
    expect(answer.headers.get('holdfast-provider')).toBe('first');
    expect((await jobOf(answer)).attempts).toHaveLength(1);
    expect((await ledger(sim.url)).map(({ provider }) => provider)).toEqual(['first']);
  }, 60_000);
});

describe('a first provider that answers 503 once', () => {
  it('is asked again, and answers', async () => {
    await setScript(sim.url, 'first', { steps: [{ fault: 'unavailable', times: 1 }] });
    const answer = await call(holdfast, '/v1/chat/completions', { body: chat('hello', 'chat') });
    expect(answer.status).toBe(200);
    expect(answer.headers.get('holdfast-provider')).toBe('first');
    expect((await jobOf(answer)).attempts).toMatchObject([
      { provider: 'first', outcome: 'failed', error: { class: 'server_error' } },
      { provider: 'first', outcome: 'succeeded' },
    ]);
  }, 60_000);
});
