// How a job ended, in the one form that callers are answered from: made from a worker's reply, or
// from the terminal event in the log.
import { type AnyEvent } from '@libs/events/envelope';
import { type ContentRef } from '@libs/events/content';
import { type LimitMet, type RateLeft } from '@libs/events/limits';
import { type ResultReply } from '@libs/signals/reply-messages';
import { sumKnownPico } from '@libs/governance/money';
import { Fault } from '@libs/faults/faults';

export type OutcomeStatus = ResultReply['outcome'];

export interface Outcome {
  readonly job: string;
  readonly status: OutcomeStatus;
  /** HTTP status of the answer. */
  readonly httpStatus: number;
  /** Body in the client's surface; null: made from `error`. */
  readonly body: string | null;
  readonly error: { readonly class: string; readonly message: string } | null;
  readonly retryAfterS: number | null;
  readonly provider: string | null;
  readonly model: string | null;
  readonly attempts: number;
  readonly costPicoUsd: string | null;
  readonly droppedParams: readonly string[];
  readonly attemptId: string | null;
  /** The budget or rate that it was refused for. */
  readonly limit?: LimitMet;
  /** What the rate limits had left after the decision that it came from. */
  readonly rates?: readonly RateLeft[];
}

export function outcomeOfReply(reply: ResultReply): Outcome {
  return {
    job: reply.job,
    status: reply.outcome,
    httpStatus: reply.status,
    body: reply.body,
    error: reply.error,
    retryAfterS: null,
    provider: reply.provider,
    model: reply.model,
    attempts: reply.attempts,
    costPicoUsd: reply.cost_pico_usd,
    droppedParams: reply.dropped_params,
    attemptId: reply.attempt_id,
    ...(reply.rates === undefined ? {} : { rates: reply.rates }),
  };
}

/** The content a terminal event names, null when it names none. */
export function resultRef(event: AnyEvent): ContentRef | null {
  return event.type === 'JobSucceeded' || event.type === 'JobFailed' ? event.data.result : null;
}

/** @throws Fault log_unreadable when the event is no terminal one. */
export function outcomeOfEvent(event: AnyEvent, body: string | null): Outcome {
  const base = { ...unknownOutcome, job: event.subject, body };
  if (event.type === 'JobSucceeded') {
    const { data } = event;
    return {
      ...base, status: 'succeeded', httpStatus: data.status, provider: data.provider,
      model: data.model, attempts: data.attempts.length, costPicoUsd: data.cost_pico_usd,
      droppedParams: data.dropped_params,
      attemptId: data.stream ?? data.attempts.at(-1)?.attempt_id ?? null,
    };
  }
  if (event.type === 'JobFailed') {
    const { data } = event;
    const last = data.attempts.at(-1);
    return {
      ...base, status: 'failed', httpStatus: data.status, error: data.error,
      provider: last?.provider ?? null, model: last?.model ?? null,
      attempts: data.attempts.length, attemptId: last?.attempt_id ?? null,
      costPicoUsd: sumKnownPico(data.attempts.map((attempt) => attempt.cost_pico_usd)),
    };
  }
  return outcomeWithoutAnswer(event, base);
}

function outcomeWithoutAnswer(event: AnyEvent, base: Outcome): Outcome {
  if (event.type === 'JobRejected') {
    const { data } = event;
    const byCandidate = data.errors
      .map(({ provider, model, error }) => `${provider}/${model}: ${error.class}`
        + `${error.status === null ? '' : ` (${error.status})`} ${error.message}`.trimEnd());
    const message = [data.message, ...byCandidate].join('\n');
    return {
      ...base, status: 'failed', httpStatus: data.status, retryAfterS: data.retry_after_s,
      error: { class: data.reason, message }, attempts: data.errors.length,
      ...(data.limit === undefined ? {} : { limit: data.limit }),
      ...(data.rates === undefined ? {} : { rates: data.rates }),
    };
  }
  if (event.type === 'JobExpired') {
    return { ...base, status: 'expired', ...expired, attempts: event.data.attempts.length };
  }
  if (event.type === 'JobCanceled') {
    return { ...base, status: 'canceled', ...canceled, attempts: event.data.attempts.length };
  }
  throw new Fault('log_unreadable', `${event.type} is no end of a job`);
}

const expired = {
  httpStatus: 504,
  error: { class: 'deadline_exceeded', message: 'The job did not finish before its deadline.' },
} as const;

const canceled = {
  httpStatus: 409,
  error: { class: 'canceled', message: 'The job was canceled.' },
} as const;

const unknownOutcome: Outcome = {
  job: '', status: 'failed', httpStatus: 500, body: null, error: null, retryAfterS: null,
  provider: null, model: null, attempts: 0, costPicoUsd: null, droppedParams: [], attemptId: null,
};
