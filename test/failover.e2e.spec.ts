// Two providers, the first one misbehaving in every way: sync callers are answered by the second.
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startProviderSim } from '../tools/provider-sim/src/start';
import { bodyOf, call, chat } from './support/api';
import { type Holdfast, startHoldfast } from './support/holdfast';
import { clearLedger, ledger, setScript } from './support/sim';

let sim: Awaited<ReturnType<typeof startProviderSim>>;
let holdfast: Holdfast;

const config = (url: string): string => `
providers:
  - id: first
    type: openai
    base_url: ${url}/p/first/v1
    api_key: env:FIRST_KEY
    models: ["sim-small"]
    timeouts: { connect_ms: 1000, first_token_ms: 1000, stall_ms: 1000, total_ms: 1500 }
  - id: second
    type: anthropic
    base_url: ${url}/p/second
    api_key: env:SECOND_KEY
    models: ["sim-small"]
routes:
  - model: chat
    strategy: priority
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

/** Each as the first provider's script; a fresh provider key state follows from order: 401 is last. */
const misbehaviours: [string, object][] = [
  ['refuses', { fault: 'refuse' }],
  ['hangs', { fault: 'hang' }],
  ['resets', { fault: 'reset', afterTokens: 0 }],
  ['answers 500', { fault: 'server_error' }],
  ['answers 503', { fault: 'unavailable' }],
  ['answers garbage', { fault: 'garbage', afterTokens: 0 }],
  ['answers 429', { fault: 'rate_limited', retryAfterS: 1 }],
  ['answers 401', { fault: 'unauthorized' }],
];

describe('a first provider that', () => {
  for (const [name, behaviour] of misbehaviours) {
    it(`${name} is invisible to sync and streaming callers`, async () => {
      await setScript(sim.url, 'first', { steps: [{ ...behaviour, times: 'forever' }] });
      for (const stream of [false, true]) {
        const answer = await call(holdfast, '/v1/chat/completions', {
          body: { ...chat('hello', 'chat'), stream },
        });
        const text = await answer.text();
        expect([answer.status, text.slice(0, 300)]).toEqual([200, expect.any(String)]);
        expect(answer.headers.get('holdfast-provider')).toBe('second');
        expect(text).toContain('"choices"');
      }
      // Its key may be cooling now; the next misbehaviour must meet it again.
      await new Promise((resolve) => setTimeout(resolve, 1_200));
    }, 40_000);
  }
});

describe('a model that no provider lists', () => {
  it('is a 404 that names it', async () => {
    const answer = await call(holdfast, '/v1/chat/completions', { body: chat('hello', 'nobody-has-this') });
    expect([answer.status, await answer.text()]).toEqual([404, expect.stringContaining('nobody-has-this')]);
  });
});

describe("the client's own error", () => {
  it('is returned as the provider said it and is not retried', async () => {
    await setScript(sim.url, 'second', { steps: [{ fault: 'bad_request', times: 'forever' }] });
    await clearLedger(sim.url);
    const answer = await call(holdfast, '/v1/chat/completions', {
      body: chat('hello', 'second/sim-small'),
    });
    expect(answer.status).toBe(400);
    const body = await bodyOf<{ error: { message: string } }>(answer);
    expect(body.error.message).toBeTruthy();
    expect((await ledger(sim.url)).length).toBe(1);
  });
});
