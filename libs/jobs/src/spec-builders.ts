// Jobs, commands and events for specs, with sensible values where a spec does not care.
import type { AttemptRecord } from '@libs/events/attempts';
import type { Catalogue, EventType } from '@libs/events/catalogue';
import { type AnyEvent, type DraftOf, type EventDraft, stamp } from '@libs/events/envelope';
import type { Candidate } from '@libs/events/job-events';
import type { Command } from './commands';
import { evolve } from './evolve';
import type { JobState } from './state';

export const startMs = Date.parse('2026-01-01T00:00:00Z');
export const jobId = 'job_1';
export const tenant = 'acme';
/** Ten minutes after the start. */
export const deadlineMs = startMs + 600_000;

export const ref = { sha256: 'ab', bytes: 2, where: 'line' } as const;
export const candidate: Candidate = {
  provider: 'openai', key: 'main', model: 'gpt-4o', drop: [],
  price: {
    input_per_token: '10', cached_input_per_token: '5', cache_write_per_token: '10',
    output_per_token: '20', per_request: '0',
  },
};
export const usage: NonNullable<AttemptRecord['usage']> = {
  input_tokens: 10, cached_input_tokens: 0, cache_write_tokens: 0, output_tokens: 5,
  reasoning_tokens: 0,
};

export function submission(
  changes: Partial<Catalogue['JobSubmitted']> = {},
): Catalogue['JobSubmitted'] {
  return {
    call: {
      surface: 'openai', endpoint: '/v1/chat/completions', stream: false, stream_usage: false,
      reply_to: 'ingress-1', headers: {},
    },
    mode: 'sync', model: 'chat', body: ref, key: 'key-1', team: null, priority: 'interactive',
    deadline_at_ms: deadlineMs, run_at_ms: null, on_disconnect: 'cancel', idempotency: null,
    webhook: null, metadata: {}, fallbacks: [], needs: [], prompt_tokens_estimate: 10,
    max_output_tokens: null,
    ...changes,
  };
}

export function attempt(
  id: string, routing: number, changes: Partial<AttemptRecord> = {},
): AttemptRecord {
  return {
    attempt_id: id, routing, provider: 'openai', key: 'main', model: 'gpt-4o',
    started_at_ms: startMs, duration_ms: 100, first_token_ms: null, outcome: 'succeeded',
    error: null, retry_after_ms: null, usage, cost_pico_usd: '200',
    ...changes,
  };
}

export function failedAttempt(id: string, routing: number): AttemptRecord {
  return attempt(id, routing, {
    outcome: 'failed', usage: null, cost_pico_usd: null,
    error: { class: 'rate_limited', status: 429, message: 'too many requests' },
  });
}

/** The call may have run: nobody knows what it cost. */
export function cutAttempt(id: string, routing: number): AttemptRecord {
  return attempt(id, routing, { outcome: 'unknown', usage: null, cost_pico_usd: null });
}

export function routeCommand(nowMs = startMs): Extract<Command, { type: 'RouteJob' }> {
  return {
    type: 'RouteJob', seen: 1, nowMs, seed: 1,
    made: {
      plan: [candidate], fallbacksByClass: { context_too_long: [], content_filtered: [] },
      hold: { amount_pico_usd: '1000' }, reasons: [], strategy: 'weighted', rule: null, overlay: {},
      hedge: null, retries: null, continueOnBreak: false,
    },
    governanceSequence: 1, body: ref,
  };
}

export function successOf(routing: number, record: AttemptRecord): Catalogue['JobSucceeded'] {
  return {
    routing, attempts: [record], provider: record.provider, model: record.model,
    usage: record.usage, cost_pico_usd: record.cost_pico_usd, status: 200, result: ref,
    dropped_params: [],
  };
}

export function failureOf(routing: number): Catalogue['JobFailed'] {
  const error = { class: 'invalid_request', status: 400, message: 'no such parameter' } as const;
  return { routing, attempts: [failedAttempt('att_f', routing)], error, status: 400, result: null };
}

export const rejection: Catalogue['JobRejected'] = {
  reason: 'all_candidates_failed', status: 503, message: 'all candidates failed', errors: [],
  retry_after_s: 5,
};

/** An event about the job. */
export function event<T extends EventType>(
  type: T, data: Catalogue[T], atMs = startMs,
): AnyEvent {
  return stamp({ type, subject: jobId, tenant, data } as DraftOf<T>, `event-${type}`, atMs);
}

/** Folds events that stand one per commit from sequence 1 on. */
export function fold(events: readonly (AnyEvent | EventDraft)[], from?: JobState): JobState {
  let state: JobState | undefined = from;
  for (const [index, entry] of events.entries()) {
    const stamped = 'id' in entry ? entry : stamp(entry, `event-${index}`, startMs);
    state = evolve(state, stamped, { sequence: index + 1, line: 0 });
  }
  if (state === undefined) throw new Error('these events make no job');
  return state;
}

export function routedEvent(routing: number, atMs = startMs): AnyEvent {
  return event('JobRouted', {
    routing, call: submission().call, plan: [candidate],
    fallbacks_by_class: { context_too_long: [], content_filtered: [] },
    hold: { amount_pico_usd: '1000' }, deadline_at_ms: deadlineMs, seen: 1, now_ms: atMs, seed: 1,
    reasons: [], governance_sequence: 1, submission: { sequence: 1, line: 0 }, body: ref,
  }, atMs);
}

const withWebhook = submission({ webhook: { endpoint_id: 'whe_1' } });

/** One job in each phase, with a webhook owed. */
export const phases = {
  waiting: (): JobState => fold([event('JobSubmitted', withWebhook)]),
  deferred: (): JobState => fold([
    event('JobSubmitted', withWebhook),
    event('JobDeferred', {
      until_ms: startMs + 5_000, reason: 'saturated', seen: 1, now_ms: startMs, count: 0,
    }),
  ]),
  running: (): JobState => fold([event('JobSubmitted', withWebhook), routedEvent(1)]),
  settled: (): JobState => fold([
    event('JobSubmitted', withWebhook), routedEvent(1),
    event('JobSucceeded', successOf(1, attempt('att_1', 1))),
  ]),
  deduplicated: (): JobState => fold([
    event('JobSubmitted', withWebhook), event('JobDeduplicated', { of: 'job_0' }),
  ]),
} as const;
export type Phase = keyof typeof phases;
