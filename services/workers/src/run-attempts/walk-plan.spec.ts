// The rules of architecture.md, section 5, tried with a scripted provider.
import { describe, expect, test } from '@jest/globals';
import { type AttemptRecord } from '@libs/events/attempts';
import { type Catalogue } from '@libs/events/catalogue';
import { type UpstreamOutcome } from '../providers/outcome';
import { answer, candidate, failure, routed, usage } from './test-jobs';
import { type StopReason, type Walked } from './walk-end';
import { walkPlan } from './walk-plan';

/** By candidate: the same each time, or one after the other. */
type Script = Readonly<Record<string, UpstreamOutcome | UpstreamOutcome[]>>;

interface Walk {
  readonly walked: Walked;
  readonly called: string[];
  readonly failed: AttemptRecord[];
  readonly pauses: number[];
}

async function walk(
  job: Catalogue['JobRouted'], script: Script,
  around: {
    closed?: string[]; stopAfter?: [calls: number, why: StopReason]; inPause?: () => void;
  } = {},
): Promise<Walk> {
  const called: string[] = [];
  const failed: AttemptRecord[] = [];
  const pauses: number[] = [];
  let clock = 1_000;
  const walked = await walkPlan(job, {
    now: () => (clock += 1),
    newAttemptId: () => `att_${called.length + 1}`,
    isClosed: ({ provider }) => around.closed?.includes(provider) === true,
    stopReason: () => {
      const [calls, why] = around.stopAfter ?? [Infinity, null];
      return called.length >= calls ? why : null;
    },
    call: ({ candidate: one }) => {
      const name = `${one.provider}/${one.model}`;
      called.push(name);
      const answers = script[name] ?? failure('unknown');
      const outcome = Array.isArray(answers)
        ? answers[called.filter((other) => other === name).length - 1] : answers;
      return Promise.resolve(outcome ?? failure('unknown'));
    },
    pause: (ms) => {
      pauses.push(ms);
      around.inPause?.();
      return Promise.resolve();
    },
    onFailed: (attempt) => failed.push(attempt),
  });
  return { walked, called, failed, pauses };
}

const [a, b, c] = [candidate('a'), candidate('b'), candidate('c')];

describe('a plan whose first candidate answers', () => {
  test('ends with its answer, usage and cost', async () => {
    const { walked, called } = await walk(routed([a, b]), { 'a/m': answer() });
    expect(called).toEqual(['a/m']);
    expect(walked.end).toMatchObject({ kind: 'succeeded', candidate: a });
    expect(walked.attempts).toMatchObject([
      { attempt_id: 'att_1', outcome: 'succeeded', usage, cost_pico_usd: '35', error: null },
    ]);
  });
  test('books no cost when the price is not known', async () => {
    const { walked } = await walk(routed([{ ...a, price: null }]), { 'a/m': answer() });
    expect(walked.attempts[0]?.cost_pico_usd).toBeNull();
  });
});

describe('a failure that cannot have cost money', () => {
  test.each([
    'rate_limited', 'quota_exhausted', 'overloaded', 'server_error', 'connect_failed',
    'credentials_rejected', 'connection_lost', 'unknown',
  ] as const)('(%s) is written down and the next candidate called', async (errorClass) => {
    const script = { 'a/m': failure(errorClass), 'b/m': answer() };
    const { walked, called, failed } = await walk(routed([a, b]), script);
    expect(called).toEqual(['a/m', 'b/m']);
    expect(failed).toMatchObject([{ provider: 'a', outcome: 'failed', cost_pico_usd: null }]);
    expect(walked.end.kind).toBe('succeeded');
    expect(walked.attempts.map(({ provider }) => provider)).toEqual(['a', 'b']);
  });
  test('skips candidates that the health broadcast shows closed', async () => {
    const script = { 'a/m': failure('server_error'), 'c/m': answer() };
    const { called } = await walk(routed([a, b, c]), script, { closed: ['b'] });
    expect(called).toEqual(['a/m', 'c/m']);
  });
  test('of every candidate exhausts the plan, with the last word of each', async () => {
    const script = {
      'a/m': failure('rate_limited', { status: 429, retryAfterMs: 7_000 }),
      'b/m': failure('server_error'),
    };
    const { walked, failed } = await walk(routed([a, b]), script);
    expect(failed).toHaveLength(2);
    expect(walked.end).toMatchObject({
      kind: 'exhausted',
      errors: [
        { provider: 'a', error: { class: 'rate_limited', status: 429 }, retry_after_ms: 7_000 },
        { provider: 'b', error: { class: 'server_error' }, retry_after_ms: null },
      ],
    });
  });
});

describe('a failure that may have cost money', () => {
  test.each(['first_token_timeout', 'stalled', 'total_timeout', 'connection_lost'] as const)(
    '(%s) goes back to the router as unknown, without another call', async (errorClass) => {
      const script = { 'a/m': failure(errorClass, { mayHaveCost: true, status: null }) };
      const { walked, called, failed } = await walk(routed([a, b]), script);
      expect(called).toEqual(['a/m']);
      expect(failed).toEqual([]);
      expect(walked.end).toMatchObject({
        kind: 'abandoned', contentSent: false, attempt: { outcome: 'unknown', cost_pico_usd: null },
      });
    },
  );
  test('says whether content was sent', async () => {
    const broken = failure('connection_lost', { mayHaveCost: true, contentSent: true });
    const { walked } = await walk(routed([a]), { 'a/m': broken });
    expect(walked.end).toMatchObject({ kind: 'abandoned', contentSent: true });
  });
});

describe("the client's own error", () => {
  test('is returned as the provider said it, without fallback', async () => {
    const wrong = failure('invalid_request', { status: 422, body: '{"error":{}}' });
    const { walked, called } = await walk(routed([a, b]), { 'a/m': wrong });
    expect(called).toEqual(['a/m']);
    expect(walked.end).toMatchObject({
      kind: 'refused', body: '{"error":{}}', error: { class: 'invalid_request', status: 422 },
    });
  });
  test('of an unknown model goes to the next candidate that has it', async () => {
    const spare = { ...a, key: 'spare' };
    const script = { 'a/m': failure('model_not_found', { status: 404 }), 'b/m': answer() };
    const { walked, called } = await walk(routed([a, spare, b]), script);
    expect(called).toEqual(['a/m', 'b/m']);
    expect(walked.end.kind).toBe('succeeded');
  });
  test('of an unknown model is returned when no candidate has it', async () => {
    const unknown = failure('model_not_found', { status: 404, body: '{"no":1}' });
    const { walked } = await walk(routed([a, b]), { 'a/m': unknown, 'b/m': unknown });
    expect(walked.end).toMatchObject({ kind: 'refused', body: '{"no":1}' });
  });
});

describe('a context that is too long', () => {
  const long = failure('context_too_long', { status: 400, body: '{"long":1}' });
  const big = candidate('b', 'big');
  const job = routed([a, b], {
    fallbacks_by_class: { context_too_long: [big, c], content_filtered: [] },
  });
  test('goes to the fallbacks of its class instead of the plan', async () => {
    const { walked, called } = await walk(job, { 'a/m': long, 'b/big': answer() });
    expect(called).toEqual(['a/m', 'b/big']);
    expect(walked.end.kind).toBe('succeeded');
  });
  test("is the client's error when the fallbacks fail too", async () => {
    const script = { 'a/m': long, 'b/big': failure('server_error'), 'c/m': long };
    const { walked, called } = await walk(job, script);
    expect(called).toEqual(['a/m', 'b/big', 'c/m']);
    expect(walked.end).toMatchObject({ kind: 'refused', body: '{"long":1}' });
  });
  test("is the client's error when there are no fallbacks", async () => {
    const { walked, called } = await walk(routed([a, b]), { 'a/m': long });
    expect(called).toEqual(['a/m']);
    expect(walked.end).toMatchObject({ kind: 'refused', error: { class: 'context_too_long' } });
  });
});

describe('a job stopped from outside', () => {
  const canceled = { kind: 'canceled', by: 'client' } as const;
  test('before its first call is not called at all', async () => {
    const { walked, called } = await walk(routed([a]), {}, { stopAfter: [0, canceled] });
    expect(called).toEqual([]);
    expect(walked).toMatchObject({ end: { kind: 'stopped', why: canceled }, attempts: [] });
  });
  test('while its call runs ends with an unknown attempt when money may be due', async () => {
    const aborted = failure('canceled', { status: null, mayHaveCost: true });
    const { walked } = await walk(routed([a, b]), { 'a/m': aborted }, { stopAfter: [1, canceled] });
    expect(walked.end).toEqual({ kind: 'stopped', why: canceled });
    expect(walked.attempts).toMatchObject([{ outcome: 'unknown', cost_pico_usd: null }]);
  });
  test('while its call runs ends with a canceled attempt when its usage is known', async () => {
    const aborted = failure('canceled', { status: null, mayHaveCost: true, usage });
    const { walked } = await walk(routed([a]), { 'a/m': aborted }, { stopAfter: [1, canceled] });
    expect(walked.attempts).toMatchObject([{ outcome: 'canceled', cost_pico_usd: '35' }]);
  });
  test('after a failure does not go on to the next candidate', async () => {
    const script = { 'a/m': failure('server_error') };
    const why = { kind: 'expired' } as const;
    const { walked, called } = await walk(routed([a, b]), script, { stopAfter: [1, why] });
    expect(called).toEqual(['a/m']);
    expect(walked.end).toEqual({ kind: 'stopped', why });
  });
  test('in the moment it is answered keeps its answer', async () => {
    const { walked } = await walk(routed([a]), { 'a/m': answer() }, { stopAfter: [1, canceled] });
    expect(walked.end.kind).toBe('succeeded');
  });
});

describe('a route that allows further calls at the same target', () => {
  const twice = routed([a, b], { retries: { same_target: 2, attempts_max: 6 } });
  const down = failure('server_error');

  test.each(['server_error', 'overloaded', 'connect_failed', 'connection_lost'] as const)(
    'calls the candidate again after %s, with a short pause', async (errorClass) => {
      const { walked, called, failed, pauses } = await walk(
        twice, { 'a/m': [failure(errorClass), answer()] },
      );
      expect(called).toEqual(['a/m', 'a/m']);
      expect(failed.map(({ attempt_id: id }) => id)).toEqual(['att_1']);
      expect(walked.attempts.map(({ attempt_id: id }) => id)).toEqual(['att_1', 'att_2']);
      expect(pauses).toEqual([expect.any(Number)]);
      expect(walked.end.kind).toBe('succeeded');
    },
  );
  test.each([
    'rate_limited', 'quota_exhausted', 'credentials_rejected', 'model_not_found', 'content_filtered',
    'context_too_long', 'unknown',
  ] as const)('does not after %s', async (errorClass) => {
    const { called, pauses } = await walk(twice, { 'a/m': failure(errorClass), 'b/m': answer() });
    expect(called.filter((one) => one === 'a/m')).toHaveLength(1);
    expect(pauses).toEqual([]);
  });
  test('does so whatever the headers of rate limits say that came with a failure', async () => {
    const script = { 'a/m': [failure('server_error', { retryAfterMs: 5_000 }), answer()] };
    expect((await walk(twice, script)).called).toEqual(['a/m', 'a/m']);
  });
  test('does not when one that is overloaded says for how long to stay away', async () => {
    const busy = failure('overloaded', { retryAfterMs: 5_000 });
    const { called } = await walk(twice, { 'a/m': busy, 'b/m': answer() });
    expect(called).toEqual(['a/m', 'b/m']);
  });
  test('does not after what may have cost', async () => {
    const lost = failure('connection_lost', { mayHaveCost: true });
    const { walked, called } = await walk(twice, { 'a/m': lost });
    expect(called).toEqual(['a/m']);
    expect(walked.end.kind).toBe('abandoned');
  });
  test('goes on when they have failed too, with longer pauses and one last word', async () => {
    const { walked, called, pauses } = await walk(twice, { 'a/m': down, 'b/m': down });
    expect(called).toEqual(['a/m', 'a/m', 'a/m', 'b/m', 'b/m', 'b/m']);
    expect(pauses).toHaveLength(4);
    expect(pauses[0]).toBeGreaterThanOrEqual(50);
    expect(pauses[0]).toBeLessThan(150);
    expect(pauses[1]).toBeGreaterThanOrEqual(100);
    expect(pauses[1]).toBeLessThan(300);
    expect(walked.end).toMatchObject({
      kind: 'exhausted', errors: [{ provider: 'a' }, { provider: 'b' }],
    });
  });
  test('leaves it once the health broadcast shows it closed', async () => {
    const closed: string[] = [];
    const script = { 'a/m': down, 'b/m': answer() };
    const { called } = await walk(twice, script, { closed, inPause: () => closed.push('a') });
    expect(called).toEqual(['a/m', 'b/m']);
  });
  test('does not call again what was stopped meanwhile', async () => {
    const why = { kind: 'expired' } as const;
    const { walked, called } = await walk(twice, { 'a/m': down }, { stopAfter: [1, why] });
    expect(called).toEqual(['a/m']);
    expect(walked.end).toEqual({ kind: 'stopped', why });
  });
  test('is over after as many calls as it allows in all', async () => {
    const bounded = routed([a, b, c], { retries: { same_target: 1, attempts_max: 3 } });
    const { walked, called, pauses } = await walk(bounded, { 'a/m': down, 'b/m': down });
    expect(called).toEqual(['a/m', 'a/m', 'b/m']);
    expect(pauses).toHaveLength(1);
    expect(walked.end).toMatchObject({
      kind: 'exhausted', errors: [{ provider: 'a' }, { provider: 'b' }],
    });
  });
});
