// Which candidate of a plan is called next. Pure: the walk (walk-plan.ts) does the calling.
import { type AttemptErrorClass } from '@libs/events/attempt-errors';
import { type Candidate } from '@libs/events/job-events';

/** Whether the health broadcast shows a candidate as not to be called now. */
export type IsClosed = (candidate: Candidate) => boolean;

/**
 * The first candidate whose key is open. When every one left is closed the first of them is called
 * all the same: a call that may fail is worth more to the caller than a plan given up untried.
 */
export function pickCandidate(
  remaining: readonly Candidate[], isClosed: IsClosed,
): Candidate | null {
  if (remaining.length > 1) {
    const open = remaining.find((candidate) => !isClosed(candidate));
    if (open !== undefined) return open;
  }
  return remaining[0] ?? null;
}

/** What is left of the plan after `tried` failed with `errorClass`. */
export function remainingAfter(
  remaining: readonly Candidate[], tried: Candidate, errorClass: AttemptErrorClass,
): readonly Candidate[] {
  return errorClass === 'model_not_found'
    ? remaining.filter((one) => one.provider !== tried.provider || one.model !== tried.model)
    : remaining.filter((one) => one !== tried);
}

/** What a failure that cost nothing means for the plan. */
export type Consequence = 'next_candidate' | 'class_fallback' | 'clients_own_error';

/** The table of architecture.md, section 5, for failures before any content. */
export function consequenceOf(errorClass: AttemptErrorClass): Consequence {
  switch (errorClass) {
    case 'invalid_request':
      return 'clients_own_error';
    case 'context_too_long':
    case 'content_filtered':
      return 'class_fallback';
    case 'rate_limited':
    case 'quota_exhausted':
    case 'overloaded':
    case 'server_error':
    case 'connect_failed':
    case 'connection_lost':
    case 'first_token_timeout':
    case 'stalled':
    case 'total_timeout':
    case 'malformed_response':
    case 'credentials_rejected':
    case 'model_not_found':
    case 'content_erased':
    case 'canceled':
    case 'unknown':
      return 'next_candidate';
  }
}
