// Workers that die or are stopped while they call providers, and calls that end at the very moment
// their job is canceled or expires: one outcome each, and no money that nobody wrote down.
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { setTimeout as sleep } from 'node:timers/promises';
import { type JobView, call, chat, json, settled, submit } from './support/api';
import { type Beside, startBeside } from './support/beside';
import { endsOf, lookAt, missingInBooks } from './support/books';
import { type Holdfast, eventually, startHoldfast } from './support/holdfast';
import { clearLedger, ledger, type LedgerRecord, setScript } from './support/sim';
import { eventsOf, type SseEvent, textOf } from './support/sse';

const provider = 'sim-openai';
const asking = (content: string, model = 'sim-small'): object =>
  chat(content, `${provider}/${model}`);
let holdfast: Holdfast;

beforeAll(async () => {
  holdfast = await startHoldfast();
}, 180_000);
afterAll(() => holdfast.stop(), 60_000);

const running = async (): Promise<LedgerRecord[]> =>
  (await ledger(holdfast.simUrl)).filter(({ outcome }) => outcome === 'running');
const jobOf = (answer: Response): string => answer.headers.get('holdfast-job-id') ?? '';
const stream = (content: string, more: object): Promise<Response> =>
  call(holdfast, '/v1/chat/completions', {
    body: { ...asking(content, 'sim-large'), stream: true, ...more },
  });

describe('a stream whose worker is killed', () => {
  const cut: SseEvent[] = [];
  const silent: SseEvent[] = [];
  const jobs = { cut: '', silent: '' };

  beforeAll(async () => {
    await setScript(holdfast.simUrl, provider, { steps: [
      { tokensPerS: 20, match: { promptContains: 'a long story' } },
      { latencyMs: 60_000, match: { promptContains: 'nothing yet' } },
    ] });
    const waiting = stream('nothing yet', { max_tokens: 20 });
    const answer = await stream('a long story', { max_tokens: 200 });
    jobs.cut = jobOf(answer);
    for await (const event of eventsOf(answer)) {
      cut.push(event);
      if (cut.length !== 8) continue;
      await eventually('both calls', async () => (await running()).length === 2);
      await holdfast.signal('workers', 'SIGKILL');
    }
    const answered = await waiting;
    jobs.silent = jobOf(answered);
    for await (const event of eventsOf(answered)) silent.push(event);
  }, 150_000);

  it('after content was sent ends with an error that names its job', () => {
    const [last, ...more] = cut.filter(({ data }) => data.includes('"error"'));
    expect([more, cut.at(-1)]).toEqual([[], last]);
    expect(JSON.parse(last!.data)).toMatchObject({ error: {
      code: 'stream_broken', job_id: jobs.cut,
      message: expect.stringContaining(`/v1/jobs/${jobs.cut}/result`),
    } });
  });

  it('has said nothing twice', async () => {
    const ids = cut.slice(0, -1).map(({ id }) => id);
    const [attempt] = ids[0]!.split(':');
    expect(ids).toEqual(ids.map((_, index) => `${attempt}:${index}`));
    const result = await eventually('the result', async () => {
      const answer = await call(holdfast, `/v1/jobs/${jobs.cut}/result`);
      return answer.status === 200
        && json<{ choices: { message: { content: string } }[] }>(answer);
    });
    const text = textOf(cut.slice(0, -1));
    expect(text.length).toBeGreaterThan(0);
    expect(result.choices[0]!.message.content.slice(0, text.length)).toBe(text);
  }, 60_000);

  it('before its first content is planned again and answered', async () => {
    expect(silent.at(-1)!.data).toBe('[DONE]');
    expect(new Set(silent.map(({ id }) => id.split(':')[0])).size).toBe(1);
    const { attempts } = await json<JobView>(call(holdfast, `/v1/jobs/${jobs.silent}?wait=20`));
    const answered = attempts.filter(({ outcome }) => outcome === 'succeeded');
    // Live, or made from the result where the answer was there before its deltas were asked for.
    expect([`${answered[0]!.attempt_id}:0`, 'result:0']).toContain(silent[0]!.id);
  });

  it('has one outcome, and lists the call that was cut as unknown', async () => {
    for (const id of Object.values(jobs)) {
      const job = await json<JobView>(call(holdfast, `/v1/jobs/${id}?wait=20`));
      expect([job.status, await endsOf(holdfast, id)]).toEqual(['succeeded', ['JobSucceeded']]);
      expect(job.attempts.map(({ outcome }) => outcome).sort()).toEqual(['succeeded', 'unknown']);
    }
  }, 60_000);
});

describe('a worker that is stopped for longer than its commits wait, and woken', () => {
  const ids: string[] = [];
  let other: Beside;

  beforeAll(async () => {
    await clearLedger(holdfast.simUrl);
    await setScript(holdfast.simUrl, provider, {
      steps: [{ times: 4, latencyMs: 6_000, match: { promptContains: 'asleep' } }],
    });
    const waiting = call(holdfast, '/v1/chat/completions', { body: asking('asleep at work') });
    for (const name of ['one', 'two', 'three']) {
      ids.push((await submit(holdfast, asking(`asleep ${name}`))).id);
    }
    await eventually('all calls', async () => (await running()).length === 4);
    const stopped = await holdfast.signal('workers', 'SIGSTOP');
    try {
      other = await startBeside(holdfast, 'workers');
      const answer = await waiting;
      expect(answer.status).toBe(200);
      ids.push(jobOf(answer));
      for (const id of ids) {
        await eventually(id, async () => settled(await lookAt(holdfast, id)), 60_000);
      }
    } finally {
      process.kill(stopped, 'SIGCONT');
    }
  }, 240_000);
  afterAll(() => other.stop(), 30_000);

  it('gives late outcomes: each job keeps the one that it had meanwhile', async () => {
    for (const id of ids) {
      const ends = await endsOf(holdfast, id, 2);
      const job = await lookAt(holdfast, id);
      expect([job.status, ends]).toEqual(['succeeded', ['JobSucceeded', 'JobSucceeded']]);
    }
  }, 60_000);

  it('and no job was called for a third time', async () => {
    const calls = await ledger(holdfast.simUrl);
    expect(calls.length).toBe(2 * ids.length);
  });

  it('and the money of both calls is booked', async () => {
    const calls = await ledger(holdfast.simUrl);
    await eventually('the books', async () => {
      const jobs = await Promise.all(ids.map((id) => lookAt(holdfast, id)));
      const booked = jobs.flatMap(({ attempts }) => attempts)
        .filter(({ outcome }) => outcome === 'succeeded');
      return booked.length === calls.length && missingInBooks(jobs, calls).length === 0;
    });
  }, 60_000);
});

describe('a call that ends while its job', () => {
  /** Steps around the time a call takes, and long after, so that each side wins at times. */
  const offsetsMs = [
    ...Array.from({ length: 40 }, (_, index) => index * 15),
    ...Array.from({ length: 10 }, (_, index) => 1_000 + index * 500),
  ];

  beforeAll(() => clearLedger(holdfast.simUrl));

  const ends = new Map([
    ['succeeded', 'JobSucceeded'], ['canceled', 'JobCanceled'], ['expired', 'JobExpired'],
  ]);

  async function expectOneEndEach(
    ids: readonly string[], statuses: readonly string[],
  ): Promise<void> {
    const look = (): Promise<JobView[]> => Promise.all(ids.map((id) =>
      json<JobView>(call(holdfast, `/v1/jobs/${id}?wait=20`))));
    const jobs = await look();
    // A second end would follow the first within milliseconds.
    await sleep(300);
    for (const job of jobs) {
      expect([job.id, await endsOf(holdfast, job.id)]).toEqual([job.id, [ends.get(job.status)]]);
    }
    expect(new Set(jobs.map(({ status }) => status))).toEqual(new Set(statuses));
    const calls = await ledger(holdfast.simUrl);
    expect(calls.length).toBeGreaterThan(ids.length / 2);
    // What is heard of a call after its job has ended is booked, too, a moment later.
    await eventually('the books', async () => {
      const missing = missingInBooks(await look(), calls);
      if (missing.length > 0) throw new Error(JSON.stringify(missing));
      return true;
    });
  }

  it('is canceled gives one outcome, and its money is booked or listed as unknown', async () => {
    await setScript(holdfast.simUrl, provider, { defaults: { latencyMs: 300 } });
    const ids = await Promise.all(offsetsMs.map(async (offsetMs) => {
      const { id } = await submit(holdfast, asking(`cancel ${offsetMs}`, 'any'));
      await sleep(offsetMs);
      expect((await call(holdfast, `/v1/jobs/${id}/cancel`, { method: 'POST' })).status).toBe(200);
      return id;
    }));
    await expectOneEndEach(ids, ['succeeded', 'canceled']);
  }, 120_000);

  it('expires gives one outcome, and its money is booked or listed as unknown', async () => {
    await clearLedger(holdfast.simUrl);
    // From well below the deadline on: a busy machine takes its time beside that of the call.
    await setScript(holdfast.simUrl, provider, { defaults: { latencyMs: [500, 2_200] } });
    const jobs = await Promise.all(offsetsMs.map((offsetMs) =>
      submit(holdfast, asking(`late ${offsetMs}`, 'any'), { deadline_s: 2 })));
    await expectOneEndEach(jobs.map(({ id }) => id), ['succeeded', 'expired']);
  }, 120_000);
});
