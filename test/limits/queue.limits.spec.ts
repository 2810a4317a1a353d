// A hundred thousand jobs that wait: they are kept, others are served meanwhile, a router that dies
// is replaced soon, and beyond the bound new work is refused.
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { chat } from '../support/api';
import { eventually, type Holdfast, startHoldfast } from '../support/holdfast';
import { setScript } from '../support/sim';
import { type Answer, atATime, countsBy, newClient } from './client';
import { forgetPeaks, pause, peaksMb, spread, tell } from './measure';
import { openJobs, queueOf } from './queue';

const jobs = 100_000;
const drainedFor = 20;

let holdfast: Holdfast;

beforeAll(async () => {
  holdfast = await startHoldfast({
    env: { LIMITS_KEY: 'sk-limits', HOLDFAST_QUEUE_MAX: String(jobs), HOLDFAST_DRAIN_S: '5' },
  });
  await setScript(holdfast.simUrl, 'stuck', { defaults: { latencyMs: 3_600_000 } });
  await provider(4);
}, 180_000);
afterAll(() => holdfast.stop(), 120_000);

describe('a hundred thousand waiting jobs', () => {
  it('are all accepted, and counted', async () => {
    const client = newClient(holdfast);
    await forgetPeaks(holdfast);
    const body = JSON.stringify({
      endpoint: '/v1/chat/completions', body: chat('x'.repeat(1_000), 'stuck/stuck-1'),
    });
    const startedAt = performance.now();
    const answers = await atATime(jobs, 128, () => client.post('/v1/jobs', body));
    const seconds = (performance.now() - startedAt) / 1_000;
    await client.close();
    tell(`${jobs} jobs in ${seconds.toFixed(0)} s (${Math.round(jobs / seconds)}/s): ${
      countsBy(answers, ({ status }) => status)}`);
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([202]));
    const startedAskingAt = performance.now();
    const depth = await queueOf(holdfast);
    tell(`queue: ${JSON.stringify({ ...depth, partitions: undefined, log: undefined })}, asked for in ${
      Math.round(performance.now() - startedAskingAt)} ms`);
    expect(openJobs(depth)).toBe(jobs);
    const peaks = await peaksMb(holdfast);
    tell(`peak memory (MB): ${JSON.stringify(peaks)}`);
    for (const part of ['ingress', 'router', 'workers', 'audit'] as const) {
      expect([part, peaks[part]! < 1_500]).toEqual([part, true]);
    }
  }, 300_000);

  it('are the most there may be: new work is refused', async () => {
    const client = newClient(holdfast);
    await pause(1_500);
    const answer = await client.post('/v1/chat/completions', JSON.stringify(chat('too many')));
    expect([answer.status, answer.retryAfter]).toEqual([429, '5']);
    await client.close();
  }, 60_000);
});

describe('meanwhile', () => {
  const served: Answer[] = [];

  it('a router that is killed is replaced soon, and others are served', async () => {
    // One ends, so that there is room for the others.
    await cancelSome(200);
    const client = newClient(holdfast);
    const ask = async (): Promise<void> => {
      served.push(await client.post('/v1/chat/completions', JSON.stringify(chat('others'))));
    };
    await pause(1_500);
    for (let index = 0; index < 100; index += 1) await ask();
    tell(`others while they wait: ${countsBy(served, ({ status }) => status)}, ${
      spread(served.map(({ durationMs }) => durationMs))}`);
    expect(new Set(served.map(({ status }) => status))).toEqual(new Set([200]));
    const pid = await holdfast.signal('router', 'SIGKILL');
    const startedAt = performance.now();
    const first = await client.post('/v1/chat/completions', JSON.stringify(chat('after the kill')));
    expect(first.status).toBe(200);
    tell(`served again ${Math.round(performance.now() - startedAt)} ms after the router was killed`);
    await eventually('another router', async () =>
      (await holdfast.processes()).router?.pid !== pid && openJobs(await queueOf(holdfast)) >= jobs - 300);
    tell(`memory of the new router (MB): ${(await peaksMb(holdfast)).router}`);
    await client.close();
  }, 120_000);

  it('they run as soon as they can', async () => {
    await setScript(holdfast.simUrl, 'stuck', { defaults: { latencyMs: 0, tokens: 5 } });
    await provider(256);
    const before = openJobs(await queueOf(holdfast));
    await pause(drainedFor * 1_000);
    const done = before - openJobs(await queueOf(holdfast));
    tell(`${done} jobs done in ${drainedFor} s (${Math.round(done / drainedFor)}/s)`);
    expect(done).toBeGreaterThan(drainedFor * 100);
    expect(await peaksMb(holdfast)).toMatchObject({ router: expect.any(Number) });
    tell(`peak memory (MB): ${JSON.stringify(await peaksMb(holdfast))}`);
  }, 120_000);
});

async function provider(inFlightMax: number): Promise<void> {
  const made = await fetch(`${holdfast.url}/admin/v1/providers/stuck`, {
    method: 'PUT',
    headers: { authorization: `Bearer ${holdfast.adminToken}`, 'content-type': 'application/json' },
    body: JSON.stringify({
      type: 'openai', base_url: `${holdfast.simUrl}/p/stuck/v1`, models: ['stuck-1'],
      keys: [{ name: 'main', value: 'env:LIMITS_KEY', max_in_flight: inFlightMax }],
    }),
  });
  expect([made.status, await made.text()]).toEqual([200, expect.anything()]);
}

async function cancelSome(count: number): Promise<void> {
  const headers = { authorization: `Bearer ${holdfast.key}` };
  for (let left = count; left > 0;) {
    const list = await (await fetch(`${holdfast.url}/v1/jobs?status=queued&limit=100`, { headers })).json() as
      { data: { id: string }[] };
    expect(list.data.length).toBeGreaterThan(0);
    await atATime(list.data.length, 20, async (index) => {
      await fetch(`${holdfast.url}/v1/jobs/${list.data[index]!.id}/cancel`, { method: 'POST', headers });
    });
    left -= list.data.length;
    await pause(1_500);
  }
}
