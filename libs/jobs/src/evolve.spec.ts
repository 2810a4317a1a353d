// Rules of the fold: what comes too late, twice or for another routing changes nothing but the book.
import { describe, expect, test } from '@jest/globals';
import type { Catalogue } from '@libs/events/catalogue';
import type { AnyEvent } from '@libs/events/envelope';
import { bookOf, holdsOf } from './book';
import { evolve } from './evolve';
import {
  type Phase, attempt, cutAttempt, event, failedAttempt, failureOf, fold, jobId, phases, rejection,
  routedEvent, startMs, submission, successOf,
} from './spec-builders';
import type { JobState, SettledJob } from './state';
import { viewOf } from './view';
import { retryDelayMs, webhookRetryDelaysMs, webhookTriesMax } from './webhook-schedule';

const at = { sequence: 99, line: 3 };
const abandonedUnseen = (routing: number): AnyEvent => event('AttemptAbandoned', {
  routing, attempt: null, reason: 'redelivered', content_sent: false,
});
const success = (routing: number, id: string): AnyEvent =>
  event('JobSucceeded', successOf(routing, attempt(id, routing)));
const planExhausted = (routing: number): AnyEvent => event('PlanExhausted', {
  routing,
  errors: [{
    provider: 'openai', key: 'main', model: 'gpt-4o', retry_after_ms: 2_000,
    error: { class: 'rate_limited', status: 429, message: 'slow down' },
  }],
});
const failedTry = (tryNumber: number, changes = {}): Catalogue['WebhookAttemptFailed'] => ({
  delivery: 'msg_1', endpoint_id: 'whe_1', try: tryNumber, duration_ms: 5, status: 500,
  message: 'no', retry_after_ms: null, gone: false, ...changes,
});
const due = (tryNumber: number): AnyEvent => event('WebhookDue', {
  delivery: 'msg_1', endpoint_id: 'whe_1', try: tryNumber, event_type: 'job.succeeded', job: {},
  terminal: at,
});

function settledOf(state: JobState): SettledJob {
  if (state.phase !== 'settled') throw new Error(`the job is ${state.phase}`);
  return state;
}

test('of a hedged routing whose faster call is booked only the other call keeps its part of the hold', () => {
  const routed = routedEvent(1);
  if (routed.type !== 'JobRouted') throw new Error('a routing');
  const hedged: AnyEvent = { ...routed, data: { ...routed.data, hedge: { after_ms: 100, candidate: 0 } } };
  const answered = event('JobSucceeded', {
    ...successOf(1, attempt('att_2', 1)), attempts: [cutAttempt('att_1', 1), attempt('att_2', 1)],
  });
  const state = fold([event('JobSubmitted', submission()), hedged, answered]);
  expect(state.unknownRoutings).toMatchObject([{ routing: 1, attemptId: 'att_1', holdPicoUsd: '500' }]);
});

describe('events in every phase', () => {
  /** Columns: waiting, deferred, running, settled, deduplicated. `-`: nothing but the book changes. */
  const table: readonly (readonly [AnyEvent, ...(Phase | '-')[]])[] = [
    [event('JobSubmitted', submission()), '-', '-', '-', '-', '-'],
    [routedEvent(2), 'running', 'running', 'running', '-', '-'],
    [event('JobDeferred', { until_ms: 1, reason: 'r', seen: 1, now_ms: 0, count: 2 }), 'deferred', 'deferred', '-', '-', '-'],
    [event('JobDeduplicated', { of: 'job_0' }), 'deduplicated', 'deduplicated', '-', '-', '-'],
    [abandonedUnseen(1), '-', '-', 'waiting', '-', '-'],
    [event('AttemptReturned', { routing: 1, reason: 'draining' }), '-', '-', 'waiting', '-', '-'],
    [planExhausted(1), '-', '-', 'waiting', '-', '-'],
    [event('AttemptFailed', { attempt: failedAttempt('att_9', 1) }), '-', '-', '-', '-', '-'],
    [abandonedUnseen(7), '-', '-', '-', '-', '-'],
    [planExhausted(7), '-', '-', '-', '-', '-'],
    [success(1, 'att_9'), 'settled', 'settled', 'settled', '-', '-'],
    [event('JobFailed', failureOf(1)), 'settled', 'settled', 'settled', '-', '-'],
    [event('JobRejected', rejection), 'settled', 'settled', 'settled', '-', '-'],
    [event('JobCanceled', { by: 'client', routing: null, attempts: [] }), 'settled', 'settled', 'settled', '-', '-'],
    [event('JobExpired', { routing: null, attempts: [] }), 'settled', 'settled', 'settled', '-', '-'],
    [event('RouterElected', { partition: 0, router: 'r', epoch: 1 }), '-', '-', '-', '-', '-'],
  ];
  const order = Object.keys(phases) as Phase[];
  const rows = table.flatMap(([what, ...next]) => order.map((phase, index) =>
    [what.type, phase, next[index] === '-' ? phase : next[index], what] as const));

  test.each(rows)('%s, a %s job: then %s', (_type, phase, next, what) => {
    expect(evolve(phases[phase](), what, at)?.phase).toBe(next);
  });

  test('without a submission there is no job', () => {
    for (const [what] of table) {
      expect(evolve(undefined, what, at) === undefined).toBe(what.type !== 'JobSubmitted');
    }
  });
});

describe('the outcome', () => {
  test('is the first terminal event in log order; later ones only book their calls', () => {
    const late = [success(1, 'att_2'), event('JobExpired', { routing: null, attempts: [] })];
    const state = settledOf(fold(late, phases.settled()));
    expect(state).toMatchObject({ status: 'succeeded', lateOutcomes: 2, terminal: { sequence: 3 } });
    expect(bookOf([state])).toMatchObject({ bookedPicoUsd: '400', bookedAttempts: 2 });
  });

  test('heard again from the same place is no late outcome', () => {
    const state = settledOf(phases.settled());
    expect(evolve(state, success(1, 'att_1'), state.terminal)).toEqual(state);
  });

  test('may come from a routing that was given up before', () => {
    const state = settledOf(fold([abandonedUnseen(1), routedEvent(2), success(1, 'att_1')], phases.running()));
    expect(state).toMatchObject({ status: 'succeeded', provider: 'openai' });
    // The second routing still runs somewhere: its hold stays until its own end is heard.
    expect(state.unknownRoutings.map((entry) => entry.routing)).toEqual([2]);
    const later = fold([success(2, 'att_2')], state);
    expect(later.unknownRoutings).toEqual([]);
    expect(bookOf([later]).bookedPicoUsd).toBe('400');
  });

  test.each([
    [success(1, 'a'), 'succeeded', 200, null],
    [event('JobFailed', failureOf(1)), 'failed', 400, 'invalid_request'],
    [event('JobRejected', rejection), 'failed', 503, 'all_candidates_failed'],
    [event('JobCanceled', { by: 'disconnect', routing: 1, attempts: [] }), 'canceled', 409, 'canceled'],
    [event('JobExpired', { routing: 1, attempts: [] }), 'expired', 504, 'expired'],
  ] as const)('%#: has a status for callers', (what, status, httpStatus, errorClass) => {
    const state = settledOf(fold([what], phases.running()));
    expect([state.status, state.httpStatus, state.error?.class ?? null]).toEqual([status, httpStatus, errorClass]);
  });
});

describe('calls', () => {
  test('are booked once, whichever events carry them and however often', () => {
    const failed = event('AttemptFailed', { attempt: attempt('att_1', 1, { outcome: 'failed', cost_pico_usd: '7' }) });
    const end = event('JobSucceeded', { ...successOf(1, attempt('att_2', 1)), attempts: [
      attempt('att_1', 1, { outcome: 'failed', cost_pico_usd: '7' }), attempt('att_2', 1),
    ] });
    const state = fold([failed, failed, end, end], phases.running());
    expect(state.attempts).toHaveLength(2);
    expect(bookOf([state, state])).toMatchObject({ bookedPicoUsd: '207', bookedAttempts: 2 });
  });

  test('a word that knows less never takes back what was booked', () => {
    const cut = event('AttemptAbandoned', {
      routing: 1, attempt: cutAttempt('att_1', 1), reason: 'stalled', content_sent: false,
    });
    expect(bookOf([fold([cut], phases.settled())]).bookedPicoUsd).toBe('200');
    expect(bookOf([fold([cut, success(1, 'att_1')], phases.running())]).bookedPicoUsd).toBe('200');
  });

  test('a routing whose end is not known keeps its hold and is shown as unknown', () => {
    const state = fold([abandonedUnseen(1)], phases.running());
    expect(state).toMatchObject({ phase: 'waiting', abandonments: 1 });
    expect(holdsOf(state)).toEqual(['1000']);
    expect(bookOf([state])).toMatchObject({ bookedPicoUsd: '0', heldPicoUsd: '1000' });
    expect(viewOf(state).attempts).toMatchObject([
      { attempt_id: 'unknown:1', outcome: 'unknown', cost_usd: null, provider: 'openai' },
    ]);
    expect(viewOf(state).cost_usd).toBeNull();
  });

  test('a cut call is shown once, by its own id, and keeps its hold until its cost is known', () => {
    const cut = fold([event('AttemptAbandoned', {
      routing: 1, attempt: cutAttempt('att_1', 1), reason: 'stalled', content_sent: true,
    })], phases.running());
    expect(viewOf(cut).attempts.map((view) => view.attempt_id)).toEqual(['att_1']);
    expect(cut).toMatchObject({ contentSent: true, phase: 'waiting' });
    expect(holdsOf(cut)).toEqual(['1000']);
    const known = fold([event('AttemptFailed', { attempt: attempt('att_1', 1) })], cut);
    expect(holdsOf(known)).toEqual([]);
  });

  test('a failed call is not the end of its routing: only its end resolves an unknown one', () => {
    const unseen = fold([abandonedUnseen(1)], phases.running());
    const going = fold([event('AttemptFailed', { attempt: failedAttempt('att_1', 1) })], unseen);
    expect(holdsOf(going)).toEqual(['1000']);
    expect(holdsOf(fold([planExhausted(1)], going))).toEqual([]);
  });

  test('a routing that runs when the router ends its job is unknown', () => {
    const state = fold([event('JobExpired', { routing: null, attempts: [] })], phases.running());
    expect(bookOf([state])).toMatchObject({ heldPicoUsd: '1000', unknown: [{ job: jobId, routing: 1 }] });
  });

  test('a hold that was written off is held no more, and stays unknown', () => {
    const state = fold([abandonedUnseen(1), event('HoldWrittenOff', { routing: 1, reason: 'old' })], phases.running());
    expect(bookOf([state])).toMatchObject({ heldPicoUsd: '0', unknown: [{ routing: 1, writtenOff: true }] });
  });

  test('a routing decided before a late outcome was seen is run, and its end is waited for', () => {
    const state = fold([routedEvent(2)], phases.settled());
    expect(state).toMatchObject({ phase: 'settled', routings: 2 });
    expect(holdsOf(state)).toEqual(['1000']);
    expect(holdsOf(fold([success(2, 'att_2')], state))).toEqual([]);
  });
});

test('a routing is known by its number: heard again, it does not run again', () => {
  const running = phases.running();
  expect(evolve(running, routedEvent(1), at)).toBe(running);
  const back = fold([planExhausted(1)], running);
  expect(evolve(back, routedEvent(1), at)).toBe(back);
});

describe('waiting again', () => {
  test('an exhausted plan leaves its last errors, with the time to wait', () => {
    const state = fold([planExhausted(1)], phases.running());
    expect(state).toMatchObject({ phase: 'waiting', abandonments: 0, lastErrors: [{ retryAfterMs: 2_000 }] });
  });

  test('a routing that was not run counts as nothing', () => {
    const state = fold([event('AttemptReturned', { routing: 1, reason: 'draining' })], phases.running());
    expect(state).toMatchObject({ phase: 'waiting', abandonments: 0, unknownRoutings: [], routings: 1 });
  });
});

describe('a webhook', () => {
  const settled = (): JobState => phases.settled();

  test('is owed at once when the job settles', () => {
    expect(settledOf(settled()).webhook).toEqual({
      delivery: 'msg_1', endpointId: 'whe_1', tries: 0, status: 'pending', nextAtMs: startMs,
    });
    expect(viewOf(settled()).webhook).toEqual({ endpoint_id: 'whe_1', status: 'pending' });
  });

  test('is tried ten times on the Standard Webhooks schedule', () => {
    const minutes = webhookRetryDelaysMs.map((delay) => delay / 60_000);
    expect(minutes).toEqual([5 / 60, 5, 30, 120, 300, 600, 840, 1_200, 1_440]);
    let state = settled();
    for (let number = 1; number <= webhookTriesMax; number += 1) {
      state = fold([due(number), event('WebhookAttemptFailed', failedTry(number))], state);
    }
    expect(settledOf(state).webhook).toMatchObject({ tries: 10, status: 'exhausted', nextAtMs: null });
  });

  test('waits for the later of the schedule and Retry-After, a day at most', () => {
    expect(retryDelayMs(1, 60_000)).toBe(60_000);
    expect(retryDelayMs(2, 60_000)).toBe(300_000);
    expect(retryDelayMs(1, 10 ** 12)).toBe(86_400_000);
    const state = fold([due(1), event('WebhookAttemptFailed', failedTry(1, { retry_after_ms: 60_000 }))], settled());
    expect(settledOf(state).webhook?.nextAtMs).toBe(startMs + 60_000);
  });

  test('is not sent again after it was delivered, or after the receiver said it is gone', () => {
    const delivered = event('WebhookDelivered', { delivery: 'msg_1', endpoint_id: 'whe_1', try: 1, duration_ms: 1, status: 204 });
    const state = fold([due(1), delivered, event('WebhookAttemptFailed', failedTry(1))], settled());
    expect(settledOf(state).webhook).toMatchObject({ status: 'delivered', nextAtMs: null });
    const gone = fold([due(1), event('WebhookAttemptFailed', failedTry(1, { gone: true }))], settled());
    expect(settledOf(gone).webhook?.status).toBe('exhausted');
  });

  test('the failure of an earlier try does not count', () => {
    const state = fold([due(1), due(2), event('WebhookAttemptFailed', failedTry(1))], settled());
    expect(settledOf(state).webhook).toMatchObject({ tries: 2, nextAtMs: null, status: 'pending' });
  });

  test('is sent once more when a person asks, under the same id', () => {
    const again = event('WebhookRedeliverRequested', { delivery: 'msg_1', endpoint_id: 'whe_2' }, startMs + 9);
    const gone = fold([due(1), event('WebhookAttemptFailed', failedTry(1, { gone: true })), again], settled());
    expect(settledOf(gone).webhook).toEqual({
      delivery: 'msg_1', endpointId: 'whe_2', tries: 1, status: 'pending', nextAtMs: startMs + 9,
    });
  });

  test('of another delivery changes nothing', () => {
    const other = event('WebhookDelivered', { delivery: 'msg_2', endpoint_id: 'w', try: 1, duration_ms: 1, status: 200 });
    expect(fold([other], settled())).toEqual(settled());
  });
});

test('a view shows decimal dollars, seconds, and nothing that a client must not see', () => {
  const view = viewOf(phases.settled());
  expect(view).toMatchObject({
    id: jobId, object: 'job', status: 'succeeded', provider: 'openai', model: 'gpt-4o',
    created_at: startMs / 1000, cost_usd: '0.0000000002', error: null,
  });
  expect(Object.keys(view)).toEqual([
    'id', 'object', 'status', 'endpoint', 'model', 'provider', 'created_at', 'settled_at',
    'deadline_at', 'attempts', 'usage', 'cost_usd', 'error', 'metadata', 'webhook',
  ]);
});
