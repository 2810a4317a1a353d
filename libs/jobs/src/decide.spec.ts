// Every order in every phase of a job: the facts that follow, or the one reason why not.
import { describe, expect, test } from '@jest/globals';
import type { AttemptRecord } from '@libs/events/attempts';
import type { Command, Decision, Refusal } from './commands';
import { decide } from './decide';
import { decideOutcome } from './decide-outcome';
import {
  type Phase, attempt, candidate, cutAttempt, deadlineMs, event, failedAttempt, failureOf, fold,
  jobId, phases, ref, rejection, routeCommand, routedEvent, startMs, submission, successOf, tenant,
} from './spec-builders';

const laterMs = startMs + 10_000;
const delivery = { delivery: 'msg_1', endpoint_id: 'whe_1', try: 1, duration_ms: 5 };
const failedTry = { ...delivery, status: 500, message: 'no', retry_after_ms: null, gone: false };
const success = successOf(1, attempt('att_1', 1));
const failure = failureOf(1);

const commands = {
  SubmitJob: { type: 'SubmitJob', job: { id: jobId, tenant }, nowMs: startMs, data: submission() },
  RequestCancel: { type: 'RequestCancel', by: 'client', reason: null },
  RequestRedelivery: { type: 'RequestRedelivery' },
  RouteJob: routeCommand(laterMs),
  DeferJob: { type: 'DeferJob', untilMs: laterMs + 1, reason: 'saturated', count: 0, seen: 1, nowMs: laterMs },
  RejectJob: { type: 'RejectJob', data: rejection },
  DeduplicateJob: { type: 'DeduplicateJob', of: 'job_0' },
  CancelJob: { type: 'CancelJob' },
  ExpireJob: { type: 'ExpireJob', nowMs: deadlineMs },
  DueWebhook: { type: 'DueWebhook', nowMs: laterMs },
  WriteOffHold: { type: 'WriteOffHold', routing: 1, reason: 'old', seen: 1, nowMs: laterMs },
  AnswerHold: {
    type: 'AnswerHold', request: 'r1', seen: 1, nowMs: laterMs,
    asked: { attempt_id: 'unknown:1', action: 'write_off', actor: 'admin', reason: 'old' },
  },
  FailAttempt: { type: 'FailAttempt', attempt: failedAttempt('att_1', 1) },
  AbandonRouting: { type: 'AbandonRouting', attempt: cutAttempt('att_1', 1), reason: 'stalled', content_sent: false },
  ReturnRouting: { type: 'ReturnRouting', reason: 'draining' },
  ExhaustPlan: { type: 'ExhaustPlan', errors: [] },
  SucceedJob: { type: 'SucceedJob', ...success },
  FailJob: { type: 'FailJob', ...failure },
  EndCanceled: { type: 'EndCanceled', by: 'client', attempts: [] },
  EndExpired: { type: 'EndExpired', attempts: [] },
  ReportDelivered: { type: 'ReportDelivered', data: { ...delivery, status: 200 } },
  ReportDeliveryFailed: { type: 'ReportDeliveryFailed', data: failedTry },
} as const satisfies { readonly [T in Command['type']]: Extract<Command, { type: T }> };

type Expected = Refusal | readonly string[];
const order: readonly Phase[] = ['waiting', 'deferred', 'running', 'settled', 'deduplicated'];
const worker = (type: string): readonly Expected[] =>
  ['not_running', 'not_running', [type], 'already_settled', 'already_deduplicated'];
const router = (one: Expected, other: Expected = one): readonly Expected[] =>
  [one, other, 'running', 'already_settled', 'already_deduplicated'];

/** Columns: waiting, deferred, running, settled, deduplicated. */
const table: Readonly<Record<Command['type'], readonly Expected[]>> = {
  SubmitJob: order.map(() => 'already_submitted'),
  RequestCancel: [
    ['JobCancelRequested'], ['JobCancelRequested'], ['JobCancelRequested'], 'already_settled',
    'already_deduplicated',
  ],
  RequestRedelivery: ['not_settled', 'not_settled', 'not_settled', ['WebhookRedeliverRequested'], 'not_settled'],
  RouteJob: router(['JobRouted']),
  DeferJob: router(['JobDeferred']),
  RejectJob: router(['JobRejected']),
  DeduplicateJob: router(['JobDeduplicated']),
  CancelJob: router('cancel_not_requested'),
  ExpireJob: [['JobExpired'], ['JobExpired'], 'deadline_not_passed', 'already_settled', 'already_deduplicated'],
  DueWebhook: ['not_settled', 'not_settled', 'not_settled', ['WebhookDue'], 'not_settled'],
  WriteOffHold: order.map(() => 'no_such_hold'),
  AnswerHold: ['no_such_hold', 'no_such_hold', 'no_such_hold', 'hold_closed', 'no_such_hold'],
  FailAttempt: worker('AttemptFailed'),
  AbandonRouting: worker('AttemptAbandoned'),
  ReturnRouting: worker('AttemptReturned'),
  ExhaustPlan: worker('PlanExhausted'),
  SucceedJob: worker('JobSucceeded'),
  FailJob: worker('JobFailed'),
  EndCanceled: worker('JobCanceled'),
  EndExpired: worker('JobExpired'),
  ReportDelivered: ['no_such_delivery', 'no_such_delivery', 'no_such_delivery', ['WebhookDelivered'], 'no_such_delivery'],
  ReportDeliveryFailed: ['no_such_delivery', 'no_such_delivery', 'no_such_delivery', ['WebhookAttemptFailed'], 'no_such_delivery'],
};

function outcomeOf(decision: Decision): Expected {
  return decision.ok ? decision.events.map(({ type }) => type) : decision.reason;
}

const rows = Object.entries(table).flatMap(([type, columns]) =>
  order.map((phase, index) => [type as Command['type'], phase, columns[index] as Expected] as const));

describe('every order in every phase', () => {
  test.each(rows)('%s, a %s job: %s', (type, phase, expected) => {
    expect(outcomeOf(decide(phases[phase](), commands[type]))).toEqual(expected);
  });

  test.each(Object.keys(table) as Command['type'][])('%s, no job yet', (type) => {
    const expected = type === 'SubmitJob' ? ['JobSubmitted'] : 'no_such_job';
    expect(outcomeOf(decide(undefined, commands[type]))).toEqual(expected);
  });

  test('what is accepted is about the job and its tenant', () => {
    for (const [type, phase] of rows) {
      const decision = decide(phases[phase](), commands[type]);
      const about = { subject: jobId, tenant };
      for (const draft of decision.ok ? decision.events : []) expect(draft).toMatchObject(about);
    }
  });
});

describe('a submission', () => {
  test.each<[string, Partial<ReturnType<typeof submission>>, Refusal]>([
    ['with a deadline in the past is refused', { deadline_at_ms: startMs }, 'deadline_passed'],
    ['to start after its deadline is refused', { run_at_ms: deadlineMs }, 'starts_after_deadline'],
  ])('%s', (_name, changes, reason) => {
    const command = { ...commands.SubmitJob, data: submission(changes) };
    expect(outcomeOf(decide(undefined, command))).toBe(reason);
  });
});

describe('a routing', () => {
  const route = (state: ReturnType<typeof fold>, nowMs = laterMs): Expected =>
    outcomeOf(decide(state, routeCommand(nowMs)));

  test('is not decided before the deferral ends, nor before run_at', () => {
    expect(route(phases.deferred(), startMs + 4_999)).toBe('not_due');
    const later = fold([event('JobSubmitted', submission({ run_at_ms: laterMs }))]);
    expect(route(later, laterMs - 1)).toBe('not_due');
    expect(route(later)).toEqual(['JobRouted']);
  });

  test('is not decided after the deadline, after a cancel, or without candidates', () => {
    expect(route(phases.waiting(), deadlineMs)).toBe('deadline_passed');
    const canceled = fold([event('JobCancelRequested', { by: 'client', reason: null })], phases.waiting());
    expect(route(canceled)).toBe('cancel_already_requested');
    expect(outcomeOf(decide(canceled, commands.CancelJob))).toEqual(['JobCanceled']);
    expect(outcomeOf(decide(canceled, commands.RequestCancel))).toBe('cancel_already_requested');
    expect(outcomeOf(decide(canceled, commands.DeferJob))).toBe('cancel_already_requested');
    const command = routeCommand(laterMs);
    const empty = { ...command, made: { ...command.made, plan: [] } };
    expect(outcomeOf(decide(phases.waiting(), empty))).toBe('empty_plan');
  });

  test('counts up, names the submission, and tells nobody\'s ingress for an async job', () => {
    const again = fold([
      event('JobSubmitted', submission({ mode: 'async' })), routedEvent(1),
      event('AttemptReturned', { routing: 1, reason: 'draining' }),
    ]);
    const decision = decide(again, routeCommand(laterMs));
    expect(decision).toMatchObject({
      ok: true,
      events: [{ data: {
        routing: 2, plan: [candidate], body: ref, deadline_at_ms: deadlineMs,
        submission: { sequence: 1, line: 0 }, call: { reply_to: null },
      } }],
    });
  });

  test('is not decided again for a stream whose content was sent', () => {
    const sent = (mode: 'stream' | 'sync'): ReturnType<typeof fold> => fold([
      event('JobSubmitted', submission({ mode })), routedEvent(1),
      event('AttemptAbandoned', {
        routing: 1, attempt: cutAttempt('att_1', 1), reason: 'connection_lost', content_sent: true,
      }),
    ]);
    expect(route(sent('stream'))).toBe('content_already_sent');
    expect(route(sent('sync'))).toEqual(['JobRouted']);
  });
});

describe('the other orders', () => {
  test('a deferral goes forward in time', () => {
    const command = { ...commands.DeferJob, untilMs: laterMs };
    expect(outcomeOf(decide(phases.waiting(), command))).toBe('not_later');
    expect(outcomeOf(decide(phases.waiting(), { ...command, untilMs: deadlineMs + 2, nowMs: deadlineMs })))
      .toBe('deadline_passed');
  });

  test('what ran once, or is the first itself, is nobody\'s duplicate', () => {
    const ran = fold([
      event('JobSubmitted', submission()), routedEvent(1),
      event('PlanExhausted', { routing: 1, errors: [] }),
    ]);
    expect(outcomeOf(decide(ran, commands.DeduplicateJob))).toBe('already_routed');
    expect(outcomeOf(decide(phases.waiting(), { type: 'DeduplicateJob', of: jobId }))).toBe('is_the_first');
  });

  test('a running job is expired by the router only 60 s past its deadline', () => {
    const expire = (nowMs: number): Expected =>
      outcomeOf(decide(phases.running(), { type: 'ExpireJob', nowMs }));
    expect(expire(deadlineMs + 59_999)).toBe('deadline_not_passed');
    expect(expire(deadlineMs + 60_000)).toEqual(['JobExpired']);
  });

  test('a hold is written off once', () => {
    const unknown = fold([event('AttemptAbandoned', {
      routing: 1, attempt: null, reason: 'redelivered', content_sent: false,
    })], phases.running());
    const decision = decide(unknown, commands.WriteOffHold);
    expect(outcomeOf(decision)).toEqual(['HoldWrittenOff']);
    const written = fold(decision.ok ? decision.events : [], unknown);
    expect(outcomeOf(decide(written, commands.WriteOffHold))).toBe('no_such_hold');
  });

  test('a webhook is handed out once per try, and not after it was delivered', () => {
    const first = decide(phases.settled(), commands.DueWebhook);
    expect(first).toMatchObject({ ok: true, events: [{ data: {
      delivery: 'msg_1', try: 1, event_type: 'job.succeeded', job: { id: jobId, status: 'succeeded' },
      terminal: { sequence: 3, line: 0 },
    } }] });
    const underWay = fold(first.ok ? first.events : [], phases.settled());
    expect(outcomeOf(decide(underWay, commands.DueWebhook))).toBe('not_due');
    const done = fold([event('WebhookDelivered', { ...delivery, status: 200 })], underWay);
    expect(outcomeOf(decide(done, commands.DueWebhook))).toBe('delivery_ended');
    expect(outcomeOf(decide(fold([event('JobSubmitted', submission()), event('JobRejected', rejection)]), commands.DueWebhook)))
      .toBe('no_webhook');
  });

  test('the last failed try, or a receiver that is gone, also exhausts the delivery', () => {
    for (const data of [{ ...failedTry, gone: true }, { ...failedTry, try: 10 }]) {
      expect(outcomeOf(decide(phases.settled(), { type: 'ReportDeliveryFailed', data })))
        .toEqual(['WebhookAttemptFailed', 'WebhookExhausted']);
    }
  });

  test('a worker speaks only of calls of its routing, and answers only with one that succeeded', () => {
    const held = { id: jobId, tenant, routing: 2 };
    const of = (attempts: AttemptRecord[]): Expected =>
      outcomeOf(decideOutcome(held, { ...commands.SucceedJob, attempts }));
    expect(of([attempt('att_1', 1)])).toBe('not_this_routing');
    expect(of([])).toBe('answer_without_attempt');
    expect(of([attempt('att_1', 2), failedAttempt('att_2', 2)])).toBe('answer_without_attempt');
    expect(of([failedAttempt('att_1', 2), attempt('att_2', 2)])).toEqual(['JobSucceeded']);
  });
});
