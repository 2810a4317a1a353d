// Who waits for which job is told, whatever way the word comes.
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { type AskRouter, type JobAnswer } from '@libs/signals/ask-messages';
import { InMemorySignalBus, InMemorySignals } from '@libs/signals/in-memory-signals';
import { encodeReplies, type ResultReply } from '@libs/signals/reply-messages';
import { signalSubjects } from '@libs/signals/signals';
import { createLogger } from '@libs/telemetry/logger';
import { NoArchive } from './job-archive';
import { type Outcome, outcomeOfReply } from './outcome';
import { Waiters } from './waiters';

const result: ResultReply = {
  kind: 'result', job: 'job_1', outcome: 'succeeded', sequence: 7, line: 0, status: 200, body: '{}',
  error: null, provider: 'sim', model: 'small', attempts: 1, cost_pico_usd: null,
  dropped_params: [], attempt_id: 'att_1',
};

let nowMs = 0;
let bus: InMemorySignalBus;
let signals: InMemorySignals;
let waiters: Waiters;
let readAt: number[];

beforeEach(() => {
  nowMs = 1_000_000;
  readAt = [];
  bus = new InMemorySignalBus();
  signals = new InMemorySignals(bus);
  waiters = new Waiters({
    signals, instance: 'one', archive: new NoArchive(), now: () => nowMs,
    logger: createLogger({ service: 'spec', instance: 'one', level: 'silent' }),
    read: (job, position) => {
      readAt.push(position.sequence);
      return Promise.resolve(outcomeOfReply({ ...result, job }));
    },
  });
  waiters.start();
});
afterEach(() => waiters.stop());

function answerQuestions(job: JobAnswer): AskRouter[] {
  const questions: AskRouter[] = [];
  new InMemorySignals(bus).subscribe(signalSubjects.askRouter(0), (text, _s, respond) => {
    questions.push(JSON.parse(text) as AskRouter);
    respond?.(JSON.stringify({ router: 'r', epoch: 1, folded: 9, jobs: [job] }));
  });
  return questions;
}

const known = {
  id: 'job_1', known: true, tenant: 't', team: null, key: 'k', view: {}, duplicate_of: null,
} as const;

function waitFor(): Promise<Outcome> {
  return new Promise((resolve) => {
    waiters.add('job_1', 0, { onOutcome: resolve });
  });
}

describe('a waiting request', () => {
  it('is answered by the reply, which is confirmed', async () => {
    const outcome = waitFor();
    const confirmed = await new InMemorySignals(bus)
      .request(signalSubjects.reply('one'), encodeReplies([result]), 1_000);
    expect(confirmed).toBe('ok');
    expect(await outcome).toMatchObject({ job: 'job_1', body: '{}' });
    expect(waiters.size).toBe(0);
  });

  it('is answered from the log when the reply has no body', async () => {
    const outcome = waitFor();
    waiters.receive(encodeReplies([{ ...result, body: null }]));
    await outcome;
    expect(readAt).toEqual([7]);
  });

  it('is answered by the router\'s word after a question, and watched', async () => {
    const questions = answerQuestions({ ...known, terminal: { sequence: 5, line: 1 } });
    const outcome = waitFor();
    waiters.ask('job_1');
    await outcome;
    expect(readAt).toEqual([5]);
    expect(questions).toEqual([{ jobs: ['job_1'], watch: 'one' }]);
  });

  it('is asked for after a reconnect', async () => {
    answerQuestions({ ...known, terminal: { sequence: 5, line: 1 } });
    const outcome = waitFor();
    signals.disconnect();
    signals.reconnect();
    expect(await outcome).toMatchObject({ job: 'job_1' });
  });

  it('is told of the first job when it was a duplicate', async () => {
    answerQuestions({ ...known, duplicate_of: 'job_0', terminal: null });
    const verdict = new Promise((resolve) => {
      waiters.add('job_1', 0, { onOutcome: () => undefined, onVerdict: resolve });
    });
    waiters.ask('job_1');
    expect(await verdict).toEqual({ verdict: 'deduplicated', of: 'job_0' });
  });

  it('shares the job with others, and the last one to leave knows it', () => {
    const first = waiters.add('job_1', 0, { onOutcome: () => undefined });
    const second = waiters.add('job_1', 0, { onOutcome: () => undefined });
    expect(first()).toBe(false);
    expect(second()).toBe(true);
    expect(waiters.size).toBe(0);
  });

  it('is not disturbed by replies for others or by broken ones', () => {
    const outcomes: Outcome[] = [];
    waiters.add('job_1', 0, { onOutcome: (outcome) => outcomes.push(outcome) });
    waiters.receive(encodeReplies([{ ...result, job: 'job_2' }]));
    waiters.receive('{"kind":');
    expect(outcomes).toEqual([]);
    expect(waiters.size).toBe(1);
  });
});
