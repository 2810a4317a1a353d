// Every routing decision is made again from the log and comes out the same: under faults, with keys
// that fill up, with every strategy, and over a router that was killed in the middle.
import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startProviderSim } from '../tools/provider-sim/src/start';
import { call, chat, json } from './support/api';
import { eventually, type Holdfast, startHoldfast } from './support/holdfast';
import { setScript } from './support/sim';

const run = promisify(execFile);
/** 100,000 and more with HOLDFAST_REPLAY_REQUESTS; what CI has time for else. */
const requests = Number(process.env['HOLDFAST_REPLAY_REQUESTS'] ?? 1_500);
const strategies = ['weighted', 'priority', 'least_busy', 'fastest', 'cheapest', 'adaptive'] as const;

let sim: Awaited<ReturnType<typeof startProviderSim>>;
let holdfast: Holdfast;

const config = (url: string): string => `
providers:
  - id: first
    type: openai
    base_url: ${url}/p/first/v1
    models: ["sim-small"]
    timeouts: { connect_ms: 1000, first_token_ms: 1000, stall_ms: 1000, total_ms: 1500 }
    keys: [{ name: a, value: env:SIM_KEY, max_in_flight: 8 }, { name: b, value: env:SIM_KEY, rpm: 3000 }]
  - id: second
    type: anthropic
    base_url: ${url}/p/second
    api_key: env:SIM_KEY
    models: ["sim-small"]
  - id: third
    type: openai
    base_url: ${url}/p/third/v1
    api_key: env:SIM_KEY
    models: ["sim-small"]
health: { open_ms: 500, slow_start_ms: 2000 }
routes:
${strategies.map((strategy) => `  - model: ${strategy}
    strategy: ${strategy}
    hedge: { percent: 30 }
    rules: [{ name: gold, when: 'metadata.tier == "gold"', targets: [{ provider: third, model: sim-small }] }]
    targets:
      - { provider: first, model: sim-small, weight: 60 }
      - { provider: second, model: sim-small, weight: 30 }
      - { provider: third, model: sim-small, weight: 10 }
    fallbacks: { default: ["third/sim-small"] }
`).join('')}
prices:
  - { provider: first, model: sim-small, input_usd_per_mtok: 1, output_usd_per_mtok: 2 }
  - { provider: second, model: sim-small, input_usd_per_mtok: 3, output_usd_per_mtok: 9 }
`;

beforeAll(async () => {
  sim = await startProviderSim({ port: 0 });
  holdfast = await startHoldfast({ config: config(sim.url), env: { SIM_KEY: 'sk-sim' } });
  await setScript(sim.url, 'first', {
    defaults: { latencyMs: [5, 60] }, seed: 3,
    faults: { server_error: 0.15, rate_limited: 0.02, hang: 0.002, reset: 0.02 },
  });
  await setScript(sim.url, 'second', { defaults: { latencyMs: [10, 200] }, seed: 4, faults: { overloaded: 0.1 } });
}, 180_000);
afterAll(async () => {
  await holdfast.stop();
  await sim.close();
}, 60_000);

async function one(index: number): Promise<void> {
  const model = strategies[index % strategies.length] as string;
  const isAsync = index % 5 === 0;
  const headers: Record<string, string> = {
    ...(index % 7 === 0 ? { 'holdfast-session': `session-${index % 40}` } : {}),
    ...(index % 11 === 0 ? { 'holdfast-metadata': '{"tier":"gold"}' } : {}),
    ...(isAsync ? { prefer: 'respond-async' } : {}),
  };
  const body = { ...chat(`question ${index}`, model), ...(index % 2 === 0 && !isAsync ? { stream: true } : {}) };
  const answer = await call(holdfast, '/v1/chat/completions', { body, headers }).catch(() => null);
  await answer?.text().catch(() => undefined);
}

interface Replayed {
  decisions: number; different: number; routed: number; deferred: number; differences: unknown[];
  seconds: number;
}

describe('decisions', () => {
  it('come out the same when they are made again, also those around a killed router', async () => {
    let next = 0;
    let isKilled = false;
    const walker = async (): Promise<void> => {
      while (next < requests) {
        const index = next;
        next += 1;
        if (!isKilled && index > requests / 2) {
          isKilled = true;
          await holdfast.signal('router', 'SIGKILL');
        }
        await one(index);
      }
    };
    await Promise.all(Array.from({ length: 48 }, walker));
    await eventually('all ended', async () => {
      const queue = await json<{ waiting: number; running: number }>(call(holdfast, '/admin/v1/queue', {
        headers: { authorization: `Bearer ${holdfast.adminToken}` },
      }));
      return queue.waiting + queue.running === 0;
    }, 60_000);
    const { stdout } = await run(process.execPath, [
      'dist/tools/holdfast.js', 'replay', '--decisions', '--json', '--data-dir', holdfast.dataDir,
    ], { maxBuffer: 1e8 }).catch((error: unknown) => error as { stdout: string });
    const replayed = JSON.parse(stdout) as Replayed;
    console.log(`${replayed.decisions} decisions made again in ${replayed.seconds} s`);
    expect(replayed.differences).toEqual([]);
    expect(replayed).toMatchObject({ different: 0 });
    expect(replayed.routed).toBeGreaterThan(requests * 0.9);
  }, 3_600_000);

  it('are shown with the state of every candidate, and health as a table', async () => {
    const answer = await call(holdfast, '/admin/v1/health?format=text', {
      headers: { authorization: `Bearer ${holdfast.adminToken}` },
    });
    const text = await answer.text();
    console.log(text);
    expect(text).toContain('first/sim-small');
    expect(text).toContain('third/main');
  });

  it('of another policy are simulated over the same requests, and compared', async () => {
    const file = path.join(holdfast.dataDir, 'new.yaml');
    await writeFile(file, config(sim.url).replaceAll('weight: 60', 'weight: 0').replaceAll('weight: 30', 'weight: 0'));
    const { stdout } = await run(process.execPath, [
      'dist/tools/holdfast.js', 'simulate', '--config', file, '--json', '--data-dir', holdfast.dataDir,
    ], { maxBuffer: 1e8 });
    const { rows } = JSON.parse(stdout) as { rows: { name: string; requests: number; answered_share: number; p50_ms: number; by_provider: Record<string, number> }[] };
    console.log(JSON.stringify(rows, null, 1));
    const [was, present, tried] = rows as [typeof rows[0], typeof rows[0], typeof rows[0]];
    expect(present.requests).toBeGreaterThanOrEqual(was.requests);
    expect(present.answered_share).toBeGreaterThan(0.98);
    expect(Math.abs(present.by_provider['third']! - was.by_provider['third']!)).toBeLessThan(0.3);
    expect(tried.by_provider['third']!).toBeGreaterThan(present.by_provider['third']!);
  }, 300_000);
});
