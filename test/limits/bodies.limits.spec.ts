// Many of the largest bodies at once: they are taken as there is room for them, memory stays
// bounded, and small requests are still served.
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { call, chat, type JobView, json, settled } from '../support/api';
import { eventually, type Holdfast, startHoldfast } from '../support/holdfast';
import { setScript } from '../support/sim';
import { type Answer, atATime, countsBy, newClient } from './client';
import { forgetPeaks, pause, peaksMb, spread, tell } from './measure';

const mebibyte = 1024 * 1024;
const limitBytes = 20 * mebibyte;
const requests = 60;
const triesMax = 200;

let holdfast: Holdfast;
const bodyOf = (bytes: number, start = ''): Buffer => {
  const empty = JSON.stringify(chat(start));
  return Buffer.from(JSON.stringify(chat(start + 'x'.repeat(bytes - empty.length))));
};

beforeAll(async () => {
  holdfast = await startHoldfast({ env: { HOLDFAST_DRAIN_S: '10' } });
  for (const provider of ['sim-openai', 'sim-anthropic']) {
    await setScript(holdfast.simUrl, provider, { defaults: { latencyMs: 300 } });
  }
}, 180_000);
afterAll(() => holdfast.stop(), 120_000);

describe('bodies of twenty megabytes', () => {
  it('one byte more is a 413', async () => {
    const client = newClient(holdfast);
    const answer = await client.post('/v1/chat/completions', bodyOf(limitBytes + 1));
    await client.close();
    expect(answer.status).toBe(413);
  }, 60_000);

  it('many at once are taken in turn, with bounded memory', async () => {
    const client = newClient(holdfast);
    // Sixty different ones: each is written anew and stored, none is found there already.
    const text = bodyOf(limitBytes, '00 ');
    const markerAt = text.indexOf('00 ');
    const bodyAt = (index: number): Buffer => {
      const body = Buffer.from(text);
      body.write(String(index).padStart(2, '0'), markerAt);
      return body;
    };
    await forgetPeaks(holdfast);
    let refused = 0;
    const startedAt = performance.now();
    const large = atATime(requests, 30, async (index) => {
      for (let tries = 1; ; tries += 1) {
        const headers: Record<string, string> = index % 2 === 0 ? { prefer: 'respond-async' } : {};
        const answer = await client.post('/v1/chat/completions', bodyAt(index), headers);
        if (answer.status !== 429 || tries === triesMax) return answer;
        refused += 1;
        await pause(1_000 * Number(answer.retryAfter ?? '1'));
      }
    });
    const small: Answer[] = [];
    const isUnderWay = (): Promise<boolean> => Promise.race([large.then(() => false), pause(0).then(() => true)]);
    while (await isUnderWay()) {
      small.push(await client.post('/v1/chat/completions', JSON.stringify(chat('small'))));
      await pause(200);
    }
    const answers = await large;
    const seconds = (performance.now() - startedAt) / 1_000;
    await client.close();
    tell(`${requests} of ${limitBytes} bytes in ${seconds.toFixed(0)} s: ${
      countsBy(answers, kindOf)}; ${refused} refused and repeated`);
    tell(`small ones meanwhile: ${spread(small.map(({ durationMs }) => durationMs))}, ${
      countsBy(small, kindOf)}`);
    const peaks = await peaksMb(holdfast);
    tell(`peak memory (MB): ${JSON.stringify(peaks)}`);
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200, 202]));
    expect(small.filter(({ status }) => ![200, 429].includes(status))).toEqual([]);
    for (const part of ['ingress', 'router', 'workers', 'audit'] as const) {
      expect([part, peaks[part]! < 1_500]).toEqual([part, true]);
    }
    await everyoneEnded(answers);
  }, 460_000);
});

/** The status, and what else there is to say when it is not a good one. */
function kindOf({ status, body }: Answer): string {
  if (status === 0) return body;
  return `${status} ${/"code":"(\w+)"/.exec(body)?.[1] ?? ''}`.trim();
}

async function everyoneEnded(answers: readonly Answer[]): Promise<void> {
  for (const { body } of answers.filter(({ status }) => status === 202)) {
    const { id } = JSON.parse(body) as JobView;
    const job = await eventually(`the outcome of ${id}`, async () => {
      const view = await json<JobView>(call(holdfast, `/v1/jobs/${id}?wait=5`));
      return settled(view) && view;
    }, 120_000);
    expect([id, job.status]).toEqual([id, 'succeeded']);
  }
}
