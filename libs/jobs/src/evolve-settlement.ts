// The part of the fold that ends a job. The first terminal event is the outcome; a later one is a
// late outcome: its calls are booked by attempt id, its result is dropped.
import type { Catalogue } from '@libs/events/catalogue';
import type { AttemptRecord } from '@libs/events/attempts';
import type { LinePosition } from '@libs/events/content';
import { type HoldfastEvent, timeMs } from '@libs/events/envelope';
import { hear } from './known-attempts';
import type { JobError, JobState, SettledJob } from './state';
import { owedWebhook } from './evolve-webhook';

type TerminalType = 'JobRejected' | 'JobCanceled' | 'JobExpired' | 'JobSucceeded' | 'JobFailed';
type Outcome = Pick<
  SettledJob,
  'status' | 'provider' | 'model' | 'usage' | 'result' | 'httpStatus' | 'error' | 'droppedParams'
>;

/** What a waiter is told when somebody else canceled the job (api.md, section 2). */
const canceledHttpStatus = 409;
/** Deadline (api.md, section 2). */
const expiredHttpStatus = 504;

export function succeeded(
  state: JobState, event: HoldfastEvent<'JobSucceeded'>, at: LinePosition,
): JobState {
  const { data } = event;
  return settle(state, event, at, {
    status: 'succeeded',
    provider: data.provider,
    model: data.model,
    usage: data.usage,
    result: data.result,
    httpStatus: data.status,
    error: null,
    droppedParams: data.dropped_params,
  });
}

export function failed(
  state: JobState, event: HoldfastEvent<'JobFailed'>, at: LinePosition,
): JobState {
  const { data } = event;
  return settle(state, event, at, {
    ...lastCall(data.attempts),
    status: 'failed',
    result: data.result,
    httpStatus: data.status,
    error: plainError(data.error.class, data.error.message),
  });
}

export function rejected(
  state: JobState, event: HoldfastEvent<'JobRejected'>, at: LinePosition,
): JobState {
  const { data } = event;
  return settle(state, event, at, {
    ...lastCall([]),
    status: 'failed',
    httpStatus: data.status,
    error: {
      class: data.reason,
      message: data.message,
      errors: data.errors,
      retryAfterS: data.retry_after_s,
    },
  });
}

export function canceled(
  state: JobState, event: HoldfastEvent<'JobCanceled'>, at: LinePosition,
): JobState {
  return settle(state, event, at, {
    ...lastCall(event.data.attempts),
    status: 'canceled',
    httpStatus: canceledHttpStatus,
    error: plainError('canceled', cancelMessages[event.data.by]),
  });
}

export function expired(
  state: JobState, event: HoldfastEvent<'JobExpired'>, at: LinePosition,
): JobState {
  return settle(state, event, at, {
    ...lastCall(event.data.attempts),
    status: 'expired',
    httpStatus: expiredHttpStatus,
    error: plainError('expired', 'the job reached its deadline without an answer'),
  });
}

const cancelMessages: Readonly<Record<Catalogue['JobCanceled']['by'], string>> = {
  client: 'the job was canceled by its client',
  disconnect: 'the job was canceled because nobody waited for it any more',
  admin: 'the job was canceled by an administrator',
};

function settle(
  state: JobState, event: HoldfastEvent<TerminalType>, at: LinePosition, outcome: Outcome,
): JobState {
  const { attempts, routing } = callsOf(event.data);
  if (state.phase === 'deduplicated') {
    return { ...state, ...hear(state, { attempts, ended: routing, leaves: false }) };
  }
  if (state.phase === 'settled') {
    if (samePlace(state.terminal, at)) return state;
    const known = hear(state, { attempts, ended: routing, leaves: false });
    return { ...state, ...known, lateOutcomes: state.lateOutcomes + 1 };
  }
  const settledAtMs = timeMs(event);
  const known = hear(state, { attempts, ended: routing, leaves: true });
  // Field by field: every job passes here, and three spreads cost ten times as much.
  return {
    id: state.id,
    tenant: state.tenant,
    submitted: state.submitted,
    at: state.at,
    submittedAtMs: state.submittedAtMs,
    attempts: known.attempts,
    routings: state.routings,
    unknownRoutings: known.unknownRoutings,
    deferrals: state.deferrals,
    abandonments: state.abandonments,
    cancelRequestedBy: state.cancelRequestedBy,
    contentSent: state.contentSent,
    continuing: state.continuing,
    phase: 'settled',
    status: outcome.status,
    provider: outcome.provider,
    model: outcome.model,
    usage: outcome.usage,
    result: outcome.result,
    httpStatus: outcome.httpStatus,
    error: outcome.error,
    droppedParams: outcome.droppedParams,
    terminal: at,
    settledAtMs,
    webhook: owedWebhook(state, settledAtMs),
    lateOutcomes: 0,
  };
}

function callsOf(data: Catalogue[TerminalType]): {
  readonly attempts: readonly AttemptRecord[];
  readonly routing: number | null;
} {
  return 'attempts' in data ? data : { attempts: [], routing: null };
}

function samePlace(one: LinePosition, other: LinePosition): boolean {
  return one.sequence === other.sequence && one.line === other.line;
}

function lastCall(attempts: readonly AttemptRecord[]): Omit<
  Outcome, 'status' | 'httpStatus' | 'error'
> {
  const last = attempts.at(-1);
  return {
    provider: last?.provider ?? null,
    model: last?.model ?? null,
    usage: last?.usage ?? null,
    result: null,
    droppedParams: [],
  };
}

function plainError(errorClass: string, message: string): JobError {
  return { class: errorClass, message, errors: [], retryAfterS: null };
}
