// Ten thousand streams open at the same time: all of them get their content, one more is refused,
// and memory is what each of them costs.
import { request as httpRequest, Agent } from 'node:http';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { chat } from '../support/api';
import { eventually, type Holdfast, startHoldfast } from '../support/holdfast';
import { setScript } from '../support/sim';
import { newClient } from './client';
import { forgetPeaks, pause, peaksMb, spread, tell } from './measure';
import { emptyQueue } from './queue';

const streams = 10_000;
/** The default of HOLDFAST_WAITING_MAX. */
const waitingMax = 5_000;
const openedPerSecond = 400;
/** Sixteen tokens in 64 s: long enough that all are open together. */
const tokensPerS = 0.25;

interface Seen {
  status: number;
  firstMs: number;
  endMs: number;
  text: string;
  ended: boolean;
  leave: () => void;
}

let holdfast: Holdfast;
const agent = new Agent({ keepAlive: false, maxSockets: Infinity });

async function start(env: Record<string, string>): Promise<void> {
  holdfast = await startHoldfast({ env });
  for (const provider of ['sim-openai', 'sim-anthropic']) {
    await setScript(holdfast.simUrl, provider, { defaults: { tokensPerS } });
  }
}

/** One after another, at a rate that one machine with everything on it can open. */
async function openAll(seen: Seen[]): Promise<void> {
  const startedAt = performance.now();
  while (seen.length < streams) {
    const due = Math.min(streams, Math.floor((performance.now() - startedAt) / 1_000 * openedPerSecond));
    while (seen.length < due) seen.push(open(holdfast, agent));
    await pause(10);
  }
}

describe('ten thousand streams with the settings as they come', () => {
  const seen: Seen[] = [];
  beforeAll(() => start({}), 180_000);
  afterAll(() => holdfast.stop(), 120_000);

  it('wait up to the limit, and the rest is refused', async () => {
    await openAll(seen);
    await eventually('refusals', async () =>
      Promise.resolve(seen.filter(({ ended }) => ended).length >= streams - waitingMax), 30_000);
    const refused = seen.filter(({ status }) => status === 429);
    tell(`${refused.length} refused: ${spread(refused.map(({ endMs }) => endMs))}`);
    tell(`memory (MB): ${JSON.stringify(await peaksMb(holdfast))}`);
    expect(refused.every(({ text }) => text.includes('queue_full'))).toBe(true);
    // Those that ended meanwhile made room for others.
    const served = seen.filter(({ status, ended }) => status === 200 || !ended);
    expect(served.length + refused.length).toBe(streams);
    expect(served.length).toBeGreaterThanOrEqual(waitingMax);
  }, 240_000);

  it('leave nothing behind when they go', async () => {
    for (const one of seen) one.leave();
    await emptyQueue(holdfast);
  }, 90_000);
});

describe('ten thousand open streams with room for them', () => {
  const seen: Seen[] = [];
  beforeAll(() => start({
    HOLDFAST_WAITING_MAX: String(streams), HOLDFAST_WORKER_CAPACITY: String(streams + 500),
  }), 180_000);
  afterAll(() => holdfast.stop(), 120_000);

  it('are all served', async () => {
    const before = await peaksMb(holdfast);
    await forgetPeaks(holdfast);
    await openAll(seen);
    await eventually('content for everyone', async () =>
      Promise.resolve(seen.every(({ firstMs, ended }) => firstMs > 0 || ended)), 120_000);
    const open_ = seen.filter(({ ended }) => !ended).length;
    tell(`${open_} open at the same time; to the first content: ${spread(seen.map(({ firstMs }) => firstMs))}`);
    const peaks = await peaksMb(holdfast);
    tell(`memory before (MB): ${JSON.stringify(before)}; with them: ${JSON.stringify(peaks)}`);
    expect(new Set(seen.map(({ status }) => status))).toEqual(new Set([200]));
    expect(open_).toBeGreaterThan(streams * 0.95);
    for (const part of ['ingress', 'router', 'workers', 'audit'] as const) {
      expect([part, peaks[part]! < 1_500]).toEqual([part, true]);
    }
  }, 240_000);

  it('leave no room for one more, which is told so at once', async () => {
    const client = newClient(holdfast);
    const startedAt = performance.now();
    const answer = await client.post('/v1/chat/completions', JSON.stringify(chat('one more')));
    tell(`one more: ${answer.status} after ${Math.round(performance.now() - startedAt)} ms`);
    expect(answer.status).toBe(429);
    await client.close();
  }, 60_000);

  it('end whole', async () => {
    await eventually('their ends', async () => Promise.resolve(seen.every(({ ended }) => ended)), 180_000);
    const broken = seen.filter(({ text }) => !text.includes('[DONE]'));
    tell(`${seen.length - broken.length} whole, ${broken.length} broken`);
    expect(broken).toEqual([]);
  }, 200_000);
});

function open(to: Holdfast, agent: Agent): Seen {
  const seen: Seen = {
    status: 0, firstMs: 0, endMs: 0, text: '', ended: false, leave: () => asked.destroy(),
  };
  const startedAt = performance.now();
  const { hostname, port } = new URL(to.url);
  const end = (): void => {
    seen.ended = true;
    seen.endMs = performance.now() - startedAt;
  };
  const asked = httpRequest({
    agent, hostname, port, path: '/v1/chat/completions', method: 'POST',
    headers: { authorization: `Bearer ${to.key}`, 'content-type': 'application/json' },
  }, (answer) => {
    seen.status = answer.statusCode ?? 0;
    answer.setEncoding('utf8').on('data', (text: string) => {
      if (seen.firstMs === 0) seen.firstMs = performance.now() - startedAt;
      // The last words are enough to tell a whole stream from a broken one.
      seen.text = (seen.text + text).slice(-200);
    });
    answer.once('end', end);
    answer.once('error', end);
  });
  asked.once('error', (error) => { seen.text = String(error); end(); });
  asked.end(JSON.stringify({ ...chat('stream'), stream: true }));
  return seen;
}
