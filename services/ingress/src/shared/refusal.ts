// A refusal: a rule said no to a request. Returned, never thrown; only the edge turns it into HTTP.
import { type Fault } from '@libs/faults/faults';

export interface HttpRefusal {
  readonly kind: 'refused';
  readonly status: number;
  readonly code: string;
  readonly message: string;
  readonly param?: string;
  readonly retryAfterS?: number;
  /** Official SDKs obey `x-should-retry`; undefined leaves it to the status. */
  readonly shouldRetry?: boolean;
  readonly jobId?: string;
}

export function refusal(
  status: number, code: string, message: string, more: Partial<HttpRefusal> = {},
): HttpRefusal {
  return { ...more, kind: 'refused', status, code, message };
}

export function isRefusal(value: unknown): value is HttpRefusal {
  return typeof value === 'object' && value !== null
    && (value as { kind?: unknown }).kind === 'refused';
}

/** A fault as its caller sees it: what is down and when to come back, never how we are built. */
export function refusalOfFault(fault: Fault): HttpRefusal {
  const { httpStatus, retry } = fault.rule;
  // Names the policy, in words for people.
  const own = fault.code === 'content_not_kept' ? fault.message : undefined;
  const message = own ?? sentences[fault.code] ?? 'The request could not be served; try again later.';
  return refusal(httpStatus, fault.code, message, retry ? { retryAfterS: retryAfterFaultS } : {});
}

/** The usual length of a reconnect or an election. */
export const retryAfterFaultS = 2;

const sentences: Readonly<Partial<Record<Fault['code'], string>>> = {
  log_unavailable:
    'The log cannot be reached, so nothing can be accepted. Repeat the request with the same '
    + 'Idempotency-Key to be sure that it runs once.',
  log_full: 'The log is nearly full: accepted work is finished, new work is refused.',
  router_unavailable: 'No router answers for this job right now.',
  signal_timeout: 'No router answers for this job right now.',
  archive_unavailable: 'The archive of older jobs cannot be reached right now.',
  object_missing: 'The content of this job is no longer kept.',
  content_erased: 'The content of this job was erased.',
  content_key_missing:
    'The key of this content is not there; an operator can look for it in a backup.',
  too_large: 'The request is too large.',
  issuer_unavailable:
    'The issuer of logins cannot be reached right now, so this token cannot be checked. Tokens of '
    + 'named administrators (hfa_…) and HOLDFAST_ADMIN_TOKEN go on working.',
  shutting_down: 'This instance is shutting down.',
};
