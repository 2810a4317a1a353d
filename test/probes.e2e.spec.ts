// Background probes: what is open or out comes back without any caller's request, and an idle target
// is asked for one token.
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startProviderSim } from '../tools/provider-sim/src/start';
import { call, chat, json } from './support/api';
import { eventually, type Holdfast, startHoldfast } from './support/holdfast';
import { clearScript, ledger, setScript } from './support/sim';

let sim: Awaited<ReturnType<typeof startProviderSim>>;
let holdfast: Holdfast;

const config = (url: string): string => `
health: { open_ms: 60000 }
providers:
  - id: first
    type: openai
    base_url: ${url}/p/first/v1
    api_key: env:SIM_KEY
    models: ["sim-small"]
    probes: { every_ms: 1000, idle_ms: 2000 }
  - id: second
    type: openai
    base_url: ${url}/p/second/v1
    api_key: env:SIM_KEY
    models: ["sim-small"]
routes:
  - model: chat
    strategy: priority
    targets: [{ provider: first, model: sim-small }, { provider: second, model: sim-small }]
`;

beforeAll(async () => {
  sim = await startProviderSim({ port: 0 });
  holdfast = await startHoldfast({ config: config(sim.url), env: { SIM_KEY: 'sk-sim' } });
}, 180_000);
afterAll(async () => {
  await holdfast.stop();
  await sim.close();
}, 60_000);

interface Health {
  providers: {
    provider: string; keys: { state: string }[]; targets: { model: string; state: string }[];
  }[];
}

async function first(): Promise<Health['providers'][number]> {
  const { providers } = await json<Health>(call(holdfast, '/admin/v1/health', {
    headers: { authorization: `Bearer ${holdfast.adminToken}` },
  }));
  return providers.find(({ provider }) => provider === 'first')!;
}

async function ask(): Promise<string | null> {
  const answer = await call(holdfast, '/v1/chat/completions', { body: chat('hello', 'chat') });
  expect(answer.status).toBe(200);
  return answer.headers.get('holdfast-provider');
}

describe('a provider with probes', () => {
  it('is asked for one token while nobody uses it, and its neighbour without them is not', async () => {
    await eventually('a probe', async () => (await ledger(sim.url)).some(({ provider }) => provider === 'first'));
    const calls = await ledger(sim.url);
    expect(calls.map(({ provider }) => provider)).not.toContain('second');
    expect(calls[0]!.usage.completion).toBe(1);
  });

  it('whose key was refused is used again when a probe succeeds', async () => {
    await setScript(sim.url, 'first', { steps: [{ fault: 'unauthorized', times: 'forever' }] });
    expect(await ask()).toBe('second');
    await eventually('out', async () => (await first()).keys[0]?.state === 'disabled');
    await clearScript(sim.url, 'first');
    await eventually('in again', async () => (await first()).keys[0]?.state === 'healthy');
    expect(await ask()).toBe('first');
  }, 90_000);

  it('that was open for a minute comes back as soon as it answers', async () => {
    await setScript(sim.url, 'first', { steps: [{ fault: 'server_error', times: 'forever' }] });
    for (let index = 0; index < 6; index += 1) expect(await ask()).toBe('second');
    await eventually('open', async () => (await first()).targets[0]?.state === 'open');
    await clearScript(sim.url, 'first');
    await eventually('back', async () => ['degraded', 'healthy'].includes((await first()).targets[0]?.state ?? ''));
  }, 90_000);
});
