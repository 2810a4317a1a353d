// The part of the fold between submission and outcome: routed, deferred, back to waiting.
import type { Catalogue } from '@libs/events/catalogue';
import type { LinePosition } from '@libs/events/content';
import { type HoldfastEvent, timeMs } from '@libs/events/envelope';
import { continuingAfter } from './continuing';
import { factsOf } from './facts';
import { hear, openRouting } from './known-attempts';
import type { JobState, PlanError, RunningJob } from './state';

/**
 * Routings count up, so a number already known is a repeat. One that overtakes a running routing, or
 * comes after the outcome (a late outcome overtook the decision), will be run all the same: whatever
 * it replaces is unknown until its own end is heard.
 */
export function routed(
  state: JobState, event: HoldfastEvent<'JobRouted'>, at: LinePosition,
): JobState {
  const { data } = event;
  if (data.routing <= state.routings) return state;
  if (state.phase === 'settled' || state.phase === 'deduplicated') {
    const unknownRoutings = [...state.unknownRoutings, openRouting(data)];
    return { ...state, routings: data.routing, unknownRoutings };
  }
  const known = hear(state, { attempts: [], ended: null, leaves: true });
  // Field by field: every job passes here, and two spreads cost five times as much.
  return {
    id: state.id,
    tenant: state.tenant,
    submitted: state.submitted,
    at: state.at,
    submittedAtMs: state.submittedAtMs,
    attempts: known.attempts,
    routings: data.routing,
    unknownRoutings: known.unknownRoutings,
    deferrals: state.deferrals,
    abandonments: state.abandonments,
    cancelRequestedBy: state.cancelRequestedBy,
    contentSent: state.contentSent,
    // One that overtakes another shares its stream with it: neither knows where the client stands.
    continuing: state.phase === 'running' ? undefined : state.continuing,
    phase: 'running',
    routed: data,
    routedAtMs: timeMs(event),
    routedAt: at,
  };
}

export function deferred(state: JobState, data: Catalogue['JobDeferred']): JobState {
  if (state.phase !== 'waiting' && state.phase !== 'deferred') return state;
  return {
    ...factsOf(state),
    phase: 'deferred',
    deferrals: data.count,
    untilMs: data.until_ms,
    reason: data.reason,
    lastErrors: state.lastErrors,
  };
}

export function deduplicated(state: JobState, of: string): JobState {
  if (state.phase !== 'waiting' && state.phase !== 'deferred') return state;
  return { ...factsOf(state), phase: 'deduplicated', of };
}

/** The end of the routing is not known. A known call ends it; without one it stays open. */
export function abandoned(
  state: JobState, data: Catalogue['AttemptAbandoned'], at: LinePosition,
): JobState {
  const contentSent = state.contentSent || data.content_sent;
  const { attempt } = data;
  const attempts = attempt === null ? [] : [attempt];
  const ended = attempt === null ? null : data.routing;
  if (!runs(state, data.routing)) {
    return { ...state, ...hear(state, { attempts, ended, leaves: false }), contentSent };
  }
  const error = attempt?.error ?? null;
  const continuing = continuingAfter(state, data, at);
  return {
    ...factsOf({ ...state, continuing }),
    ...hear(state, { attempts, ended, leaves: true }),
    phase: 'waiting',
    abandonments: state.abandonments + 1,
    contentSent,
    lastErrors: attempt === null || error === null
      ? []
      : [planError({ ...attempt, error })],
  };
}

/** Not run by a worker that is going away. */
export function returned(state: JobState, routing: number): JobState {
  return backToWaiting(state, routing, []);
}

export function exhausted(state: JobState, data: Catalogue['PlanExhausted']): JobState {
  return backToWaiting(state, data.routing, data.errors.map(planError));
}

function backToWaiting(
  state: JobState, routing: number, lastErrors: readonly PlanError[],
): JobState {
  const known = hear(state, { attempts: [], ended: routing, leaves: false });
  if (!runs(state, routing)) return { ...state, ...known };
  return { ...factsOf(state), ...known, phase: 'waiting', lastErrors };
}

/** Whether this is the routing that runs now. */
function runs(state: JobState, routing: number): state is RunningJob {
  return state.phase === 'running' && state.routed.routing === routing;
}

function planError(failed: {
  readonly provider: string;
  readonly model: string;
  readonly error: PlanError['error'];
  readonly retry_after_ms: number | null;
}): PlanError {
  const { provider, model, error, retry_after_ms: retryAfterMs } = failed;
  return { provider, model, error, retryAfterMs };
}
