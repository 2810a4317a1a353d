// Rate limits as the official clients see them: what is left stands in the headers of every answer, prompt
// and answer are counted apart; and budgets in a time zone, raised for a while from the command line.
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import Anthropic, { RateLimitError as AnthropicRateLimitError } from '@anthropic-ai/sdk';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import OpenAI, { RateLimitError } from 'openai';
import { startProviderSim } from '../tools/provider-sim/src/start';
import { call, json } from './support/api';
import { eventually, type Holdfast, startHoldfast } from './support/holdfast';

const run = promisify(execFile);
const keys = {
  WIDE_KEY: 'hf-wide-key-000000000000', FEW_KEY: 'hf-few-key-0000000000000', WRITER_KEY: 'hf-writer-key-0000000000',
  FREE_KEY: 'hf-free-key-000000000000', POOR_KEY: 'hf-poor-key-000000000000',
};

let sim: Awaited<ReturnType<typeof startProviderSim>>;
let holdfast: Holdfast;

const config = (url: string): string => `
providers:
  - { id: sim, type: openai, base_url: "${url}/p/sim/v1", api_key: env:SIM_KEY, models: ["sim-small"] }
prices:
  - { provider: sim, model: sim-small, input_usd_per_mtok: 1, output_usd_per_mtok: 2 }
customers:
  - id: acme
    keys:
      - { id: wide, value: env:WIDE_KEY, rate_limits: [{ requests: 100, tokens: 20000, window: minute }, { requests: 5000, window: day }] }
      - { id: few, value: env:FEW_KEY, rate_limits: [{ requests: 2, window: minute }] }
      - { id: writer, value: env:WRITER_KEY, rate_limits: [{ input_tokens: 5000, output_tokens: 100, window: minute }] }
  - id: free
    keys: [{ id: free, value: env:FREE_KEY }]
  - id: berlin
    time_zone: Europe/Berlin
    keys:
      - { id: poor, value: env:POOR_KEY, budgets: [{ limit_usd: "0.00001", window: month, calendar: true }] }
`;

beforeAll(async () => {
  sim = await startProviderSim({ port: 0 });
  holdfast = await startHoldfast({ config: config(sim.url), env: { SIM_KEY: 'sk-sim', ...keys } });
}, 180_000);
afterAll(async () => {
  await holdfast.stop();
  await sim.close();
}, 60_000);

const openai = (apiKey: string): OpenAI => new OpenAI({ baseURL: `${holdfast.url}/v1`, apiKey, maxRetries: 0 });
const anthropic = (apiKey: string): Anthropic => new Anthropic({ baseURL: holdfast.url, apiKey, maxRetries: 0 });
const asked = { model: 'sim-small', messages: [{ role: 'user' as const, content: 'Say something short.' }], max_tokens: 16 };
const rates = (headers: Headers): Record<string, string> =>
  Object.fromEntries([...headers].filter(([name]) => name.includes('ratelimit')));
async function refusal<E>(asking: PromiseLike<unknown>, kind: new (...given: never[]) => E): Promise<E> {
  const error = await Promise.resolve(asking).then(() => null, (cause: unknown) => cause);
  expect(error).toBeInstanceOf(kind);
  return error as E;
}

describe('the OpenAI client', () => {
  it('reads what is left from every answer, and it goes down', async () => {
    const client = openai(keys.WIDE_KEY);
    const remaining: number[] = [];
    for (let index = 0; index < 3; index += 1) {
      const { response } = await client.chat.completions.create(asked).withResponse();
      const { headers } = response;
      expect(headers.get('x-ratelimit-limit-requests')).toBe('100');
      expect(headers.get('x-ratelimit-limit-tokens')).toBe('20000');
      // A minute from the decision; the answer comes a little later.
      expect(headers.get('x-ratelimit-reset-requests')).toMatch(/^(5\d|60|61)s$/);
      expect(Number(headers.get('x-ratelimit-remaining-tokens'))).toBeLessThan(20_000);
      remaining.push(Number(headers.get('x-ratelimit-remaining-requests')));
    }
    expect(remaining).toEqual([99, 98, 97]);
  });

  it('reads it from a stream before its first content', async () => {
    const { data, response } = await openai(keys.WIDE_KEY).chat.completions
      .create({ ...asked, stream: true }).withResponse();
    expect(response.headers.get('x-ratelimit-remaining-requests')).toBe('96');
    for await (const chunk of data) expect(chunk.object).toBe('chat.completion.chunk');
  });

  it('reads it from what was wrong, from a 202 and from a list', async () => {
    const client = openai(keys.WIDE_KEY);
    const wrong = await client.chat.completions.create({ ...asked, model: 'no-such-model' }).then(() => null, (error: unknown) => error as { status: number; headers: Headers });
    expect([wrong?.status, wrong?.headers.get('x-ratelimit-remaining-requests')]).toEqual([404, '96']);
    const left = await eventually('what the router is asked for beside a 202', async () => {
      const { response } = await client.chat.completions.create(asked, { headers: { prefer: 'respond-async' } }).withResponse();
      expect(response.status).toBe(202);
      const told = Number(response.headers.get('x-ratelimit-remaining-requests'));
      return told < 96 && told;
    });
    expect(left).toBeGreaterThan(0);
    expect(rates((await client.models.list().withResponse()).response.headers)).toHaveProperty('x-ratelimit-remaining-tokens');
  });

  it('is told at a 429 when to come back', async () => {
    const client = openai(keys.FEW_KEY);
    for (let index = 0; index < 2; index += 1) await client.chat.completions.create(asked);
    for (const stream of [false, true]) {
      const { status, headers } = await refusal(client.chat.completions.create({ ...asked, stream }), RateLimitError);
      const retryAfter = Number(headers.get('retry-after'));
      expect([status, retryAfter > 0 && retryAfter <= 61]).toEqual([429, true]);
      expect(rates(headers)).toEqual({
        'x-ratelimit-limit-requests': '2', 'x-ratelimit-remaining-requests': '0', 'x-ratelimit-reset-requests': `${retryAfter}s`,
      });
    }
  });

  it('is told nothing where nothing bounds it', async () => {
    const { response } = await openai(keys.FREE_KEY).chat.completions.create(asked).withResponse();
    expect(rates(response.headers)).toEqual({});
  });
});

describe('the Anthropic client, whose key may write a hundred tokens a minute', () => {
  const create = (maxTokens: number, stream = false) => anthropic(keys.WRITER_KEY).messages
    .create({ ...asked, max_tokens: maxTokens, stream });
  const isTime = (text: string | null): boolean => Math.abs(Date.parse(text ?? '') - Date.now() - 60_000) < 15_000;

  it('reads prompt and answer apart, under the names it knows', async () => {
    const { data, response: { headers } } = await create(16).withResponse();
    expect(data).toHaveProperty('usage');
    expect(Object.keys(rates(headers)).sort()).toEqual(['input', 'output'].flatMap((kind) =>
      ['limit', 'remaining', 'reset'].map((what) => `anthropic-ratelimit-${kind}-tokens-${what}`)));
    expect(headers.get('anthropic-ratelimit-output-tokens-limit')).toBe('100');
    // With the whole of what it may write; what it did not write comes back when it has ended.
    expect(headers.get('anthropic-ratelimit-output-tokens-remaining')).toBe('84');
    expect(isTime(headers.get('anthropic-ratelimit-output-tokens-reset'))).toBe(true);
  });

  it('reads them from a stream', async () => {
    const { data, response: { headers } } = await create(16, true).withResponse();
    expect(headers.get('content-type')).toContain('text/event-stream');
    expect(Number(headers.get('anthropic-ratelimit-output-tokens-remaining'))).toBeLessThan(84);
    for await (const event of data as AsyncIterable<{ type: string }>) expect(event.type).toBeTruthy();
  });

  it('is refused when its longest answer might not fit any more, with the time it does', async () => {
    const { status, headers } = await refusal(create(99), AnthropicRateLimitError);
    expect(status).toBe(429);
    expect(Number(headers.get('retry-after'))).toBeGreaterThan(0);
    expect(Number(headers.get('anthropic-ratelimit-output-tokens-remaining'))).toBeLessThan(99);
    expect(Number(headers.get('anthropic-ratelimit-input-tokens-remaining'))).toBeGreaterThan(4_000);
  });

  it('is told not to try again what can never fit', async () => {
    const { headers } = await refusal(create(101), AnthropicRateLimitError);
    expect([headers.get('retry-after'), headers.get('x-should-retry')]).toEqual(['60', 'false']);
  });
});

describe('a budget that begins anew at midnight in Berlin', () => {
  const cli = (...given: string[]): Promise<{ stdout: string }> => run(process.execPath,
    ['dist/tools/holdfast.js', ...given, '--data-dir', holdfast.dataDir],
    { env: { ...process.env, HOLDFAST_ADMIN_TOKEN: holdfast.adminToken } });

  it('is raised for a while, shown with its end, and used', async () => {
    const client = openai(keys.POOR_KEY);
    const poor = await client.chat.completions.create(asked).then(() => null, (error: unknown) => error as { status: number });
    expect(poor?.status).toBe(402);
    const raised = await cli('budgets', 'raise', 'key', 'poor', '--by', '1', '--until', '2999-12-01', '--window', 'month', '--reason', 'launch');
    expect(raised.stdout).toMatch(/^key poor: 1 USD more until 2999-12-01T00:00:00.000Z \(raise_[0-9a-f]{16}\)\n$/);
    await eventually('the raise', async () => client.chat.completions.create(asked).then(() => true, () => false));
    const { stdout } = await cli('budgets');
    console.log(stdout);
    expect(stdout).toMatch(/key poor +budget +calendar month Europe\/Berlin .* 1\.00001 USD \(0\.00001 from 2999-12-01T00:00:00\.000Z\)/);
    const { limits: [usage] } = await json<{ limits: Record<string, unknown>[] }>(
      call(holdfast, '/v1/usage', { headers: { authorization: `Bearer ${keys.POOR_KEY}` } }));
    expect(usage).toMatchObject({
      time_zone: 'Europe/Berlin', limit: '1.00001', raised: { limit: '0.00001', until: '2999-12-01T00:00:00.000Z' },
      // Midnight in Berlin is an hour or two before that of UTC.
      resets_at: expect.stringMatching(/T2[23]:00:00\.000Z$/),
    });
  }, 60_000);

  it('finds every decision the same when it is made again', async () => {
    const { stdout } = await run(process.execPath, [
      'dist/tools/holdfast.js', 'replay', '--decisions', '--json', '--data-dir', holdfast.dataDir,
    ], { maxBuffer: 1e8 }).catch((error: unknown) => error as { stdout: string });
    const replayed = JSON.parse(stdout) as { decisions: number; different: number; differences: unknown[] };
    console.log(`${replayed.decisions} decisions made again`);
    expect([replayed.differences, replayed.different]).toEqual([[], 0]);
    expect(replayed.decisions).toBeGreaterThan(8);
  }, 60_000);
});
