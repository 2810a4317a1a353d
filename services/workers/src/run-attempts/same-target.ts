// Whether a candidate that failed is called again, and after which pause. Pure.
import { type AttemptRecord } from '@libs/events/attempts';
import { type Candidate } from '@libs/events/job-events';
import { type UpstreamFailed } from '../providers/outcome';

/** The first pause: a restart behind a load balancer or a lost connection is over by then. */
const firstPauseMs = 100;

/**
 * A failure that cost nothing and may be over in a moment. One that is overloaded is not asked before
 * the time it names; for other failures that time means nothing, since it may come from the headers
 * of rate limits, which some providers send with every answer.
 */
export function isOfAMoment({ class: errorClass, mayHaveCost, retryAfterMs }: UpstreamFailed): boolean {
  if (mayHaveCost) return false;
  switch (errorClass) {
    case 'overloaded':
      return retryAfterMs === null;
    case 'server_error': case 'connect_failed': case 'connection_lost':
      return true;
    case 'rate_limited': case 'quota_exhausted': case 'credentials_rejected':
    case 'model_not_found': case 'invalid_request': case 'context_too_long':
    case 'content_filtered': case 'first_token_timeout': case 'stalled': case 'total_timeout':
    case 'malformed_response': case 'content_erased': case 'canceled': case 'unknown':
      return false;
  }
}

/** Calls of this routing at a candidate so far. */
export function callsAt(attempts: readonly AttemptRecord[], candidate: Candidate): number {
  return attempts.filter((one) => isSame(one, candidate)).length;
}

interface Place {
  readonly provider: string;
  readonly key: string;
  readonly model: string;
}

export function isSame(one: Place, other: Place): boolean {
  return one.provider === other.provider && one.key === other.key && one.model === other.model;
}

/**
 * Doubled from call to call, from half to one and a half times of it: the jobs that one failure hit
 * are not to come back together. By the routing's seed, so that it can be made again.
 */
export function pauseBeforeMs(calls: number, seed: number): number {
  return Math.round(firstPauseMs * 2 ** (calls - 1) * (0.5 + shareOf(seed, calls)));
}

/** Within [0, 1): the multiplier of Knuth's multiplicative hashing spreads neighbours. */
function shareOf(seed: number, calls: number): number {
  return (Math.imul(seed + calls, 2_654_435_761) >>> 0) / 2 ** 32;
}
