import { expect, it } from '@jest/globals';
import { type AnyEvent } from '@libs/events/envelope';
import {
  attempt, event, jobId, routedEvent, submission, successOf,
} from '@libs/jobs/spec-builders';
import { type JobState } from '@libs/jobs/state';
import { type DeliveryRow } from '@libs/postgres/read-model-rows';
import { project } from './projector';

const tried = (tryNumber: number, status: number | null, message: string): AnyEvent => event('WebhookAttemptFailed', {
  delivery: 'msg_1', endpoint_id: 'whe_1', try: tryNumber, duration_ms: 5, status, message,
  retry_after_ms: null, gone: false,
});
const due = (tryNumber: number): AnyEvent => event('WebhookDue', {
  delivery: 'msg_1', endpoint_id: 'whe_1', try: tryNumber, event_type: 'job.succeeded', job: {},
  terminal: { sequence: 1, line: 0 },
});

const story: readonly AnyEvent[] = [
  event('JobSubmitted', submission({ webhook: { endpoint_id: 'whe_1' } })), routedEvent(1),
  event('JobSucceeded', successOf(1, attempt('att_1', 1))), due(1), tried(1, 503, 'unavailable'),
  due(2), tried(2, null, 'no answer in time'),
  event('WebhookExhausted', { delivery: 'msg_1', endpoint_id: 'whe_1', try: 2, duration_ms: 0, message: 'given up' }),
];

/** The row as the table has it after batches of so many events: its columns coalesce. */
function rowAfter(batch: number): DeliveryRow {
  const known = new Map<string, JobState>();
  let row: DeliveryRow | undefined;
  for (let from = 0; from < story.length; from += batch) {
    const { rows, states } = project([{
      sequence: from + 1, appendedAtMs: 0, events: story.slice(from, from + batch),
    }], known);
    for (const [id, state] of states) known.set(id, state);
    for (const next of rows.deliveries) {
      row = {
        ...next, lastStatus: next.lastStatus ?? row?.lastStatus ?? null,
        lastMessage: next.lastMessage ?? row?.lastMessage ?? null,
      };
    }
  }
  if (row === undefined) throw new Error('a delivery has a row');
  return row;
}

it('a delivery has the same row however the log is cut into batches', () => {
  const rows = [1, 2, 3, story.length].map(rowAfter);
  expect(rows[0]).toMatchObject({ status: 'exhausted', lastStatus: 503, lastMessage: 'given up' });
  for (const row of rows) expect(row).toEqual(rows[0]);
});

it('a nameless call settled by a bill has one row, and none once the call itself is heard of', () => {
  const lostCall: readonly AnyEvent[] = [
    event('JobSubmitted', submission()), routedEvent(1),
    event('AttemptAbandoned', { routing: 1, attempt: null, reason: 'redelivered', content_sent: false }),
    event('HoldReconciled', {
      routing: 1, attempt_id: `unknown:${jobId}:1`, provider: 'openai', key: 'main', model: 'gpt-4o', usage: null,
      cost_pico_usd: '321', amount_pico_usd: '1000', actor: 'admin', reason: 'bill',
    }),
    event('JobSucceeded', successOf(1, attempt('att_1', 1))),
  ];
  for (const batch of [1, 2, 3, lostCall.length]) {
    const known = new Map<string, JobState>();
    const table = new Map<string, string | null>();
    const costs: (string | null)[][] = [];
    for (let from = 0; from < lostCall.length; from += batch) {
      const { rows, states } = project([{
        sequence: from + 1, appendedAtMs: 0, events: lostCall.slice(from, from + batch),
      }], known);
      for (const [id, state] of states) known.set(id, state);
      for (const id of rows.attemptsGone) table.delete(id);
      for (const row of rows.attempts) table.set(row.attemptId, row.costPicoUsd);
      costs.push([...table.values()]);
    }
    if (batch === 1) expect(costs).toEqual([[], [], [null], ['321'], ['200']]);
    expect([...table]).toEqual([['att_1', '200']]);
  }
});
