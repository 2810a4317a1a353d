// Ten times what the providers can do, for a minute: what is too much is refused at once, what was
// taken is answered in bounded time, and memory stays bounded.
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { chat } from '../support/api';
import { type Holdfast, startHoldfast } from '../support/holdfast';
import { setScript } from '../support/sim';
import { type Answer, countsBy, newClient, openLoop } from './client';
import {
  forgetPeaks, listenOverflows, peaksMb, quantile, spread, tell, watchEventLoops,
} from './measure';
import { emptyQueue } from './queue';

const inFlight = 30;
const latencyMs = 300;
/** What the one provider takes. */
const sustainable = inFlight / (latencyMs / 1_000);
const waitingMax = 1_000;
const seconds = 60;

let holdfast: Holdfast;

beforeAll(async () => {
  holdfast = await startHoldfast({
    env: { HOLDFAST_WAITING_MAX: String(waitingMax), LIMITS_KEY: 'sk-limits' },
  });
  for (const provider of ['sim-openai', 'sim-anthropic']) {
    await setScript(holdfast.simUrl, provider, { defaults: { latencyMs, tokens: 20 } });
  }
  const { simUrl, adminToken } = holdfast;
  const made = await fetch(`${holdfast.url}/admin/v1/providers`, {
    method: 'POST',
    headers: { authorization: `Bearer ${adminToken}`, 'content-type': 'application/json' },
    body: JSON.stringify({
      id: 'narrow', type: 'openai', base_url: `${simUrl}/p/sim-openai/v1`, models: ['narrow-1'],
      keys: [{ name: 'main', value: 'env:LIMITS_KEY', max_in_flight: inFlight }],
    }),
  });
  expect([made.status, await made.text()]).toEqual([201, expect.anything()]);
}, 180_000);
afterAll(() => holdfast.stop(), 120_000);

describe('ten times the sustainable rate for a minute', () => {
  let answers: Answer[];

  it('is refused quickly beyond what can wait, and nothing else fails', async () => {
    const client = newClient(holdfast);
    const body = JSON.stringify(chat('overload', 'narrow/narrow-1'));
    const ask = (): Promise<Answer> => client.post('/v1/chat/completions', body);
    // As it is when the flood comes: warm, and with the usual load.
    const usual = await openLoop({ perSecond: sustainable / 2, seconds: 10 }, ask);
    tell(`half the sustainable rate before: ${countsBy(usual, ({ status }) => status)}, ${
      spread(usual.map(({ durationMs }) => durationMs))}`);
    await forgetPeaks(holdfast);
    const startedAt = performance.now();
    const overflowsBefore = await listenOverflows();
    const endWatch = watchEventLoops(holdfast);
    answers = await openLoop({ perSecond: sustainable * 10, seconds }, ask);
    const loops = endWatch();
    await client.close();
    const statuses = new Set(answers.map(({ status }) => status));
    const refused = answers.filter(({ status }) => status === 429);
    tell(`${answers.length} requests at ${sustainable * 10}/s (sustainable: ${sustainable}/s): ${
      countsBy(answers, ({ status, body: text }) => (status === 0 ? text : status))}`);
    tell(`refused: ${spread(refused.map(({ durationMs }) => durationMs))}`);
    const overflows = await listenOverflows() - overflowsBefore;
    tell(`connections that found the queue of the socket full: ${overflows}`);
    for (const [from, to] of [[0, 1], [1, 2], [2, 5], [5, 10], [10, 30], [30, seconds]] as const) {
      const isIn = (atMs: number): boolean =>
        atMs >= startedAt + from * 1_000 && atMs < startedAt + to * 1_000;
      const durations = refused.filter(({ startedAt: at }) => isIn(at))
        .map(({ durationMs }) => durationMs);
      const looks = loops.filter(({ atMs }) => isIn(atMs));
      tell(`  in seconds ${from} to ${to}: ${spread(durations)}; latest event loop: ingress ${
        quantile(looks.map(({ ingressLateMs }) => ingressLateMs), 1)} ms, load generator ${
        quantile(looks.map(({ ownLateMs }) => ownLateMs), 1)} ms`);
    }
    expect([...statuses].sort()).toEqual([200, 429]);
    expect(refused.every(({ retryAfter }) => retryAfter !== undefined)).toBe(true);
    const times = refused.map(({ durationMs }) => durationMs).sort((a, b) => a - b);
    expect(times[Math.floor(times.length * 0.99)]).toBeLessThan(1_000);
  }, 300_000);

  it('bounds how long accepted work takes: what may wait, at the rate of the providers', async () => {
    const served = answers.filter(({ status }) => status === 200);
    tell(`served: ${spread(served.map(({ durationMs }) => durationMs))}`);
    // The providers were kept busy all the time.
    expect(served.length).toBeGreaterThan(sustainable * seconds * 0.9);
    const boundMs = (waitingMax / sustainable) * 1_000 * 1.5 + latencyMs;
    expect(Math.max(...served.map(({ durationMs }) => durationMs))).toBeLessThan(boundMs);
  });

  it('leaves nothing behind: no job without its outcome, and memory as before', async () => {
    await emptyQueue(holdfast);
    const peaks = await peaksMb(holdfast);
    tell(`peak memory (MB): ${JSON.stringify(peaks)}`);
    for (const part of ['ingress', 'router', 'workers', 'audit'] as const) {
      expect([part, peaks[part]! < 500]).toEqual([part, true]);
    }
  }, 90_000);
});
