// Why there is no plan for a job and never will be: what its caller is told.
import type { RoutingReason } from '@libs/events/job-events';
import { suspensionText } from '@libs/governance/access';
import type { Suspension } from '@libs/governance/state';

export interface PlanRefusal {
  readonly kind: 'reject';
  readonly reason:
    'no_such_model' | 'no_candidate' | 'not_allowed' | 'all_candidates_failed' | 'price_unknown';
  /** HTTP status for a waiting caller. */
  readonly status: number;
  readonly message: string;
  readonly reasons: RoutingReason[];
  readonly limit?: never;
  readonly retryAfterS?: never;
}

export function noSuchModel(message: string): PlanRefusal {
  return { kind: 'reject', reason: 'no_such_model', status: 404, reasons: [], message };
}

export function noCandidate(
  model: string, reasons: RoutingReason[], notAllowed: boolean,
): PlanRefusal {
  const why = [...new Set(reasons.map(({ provider, reason }) => `${provider}: ${reason}`))];
  return notAllowed
    ? { kind: 'reject', reason: 'not_allowed', status: 403, reasons,
        message: `this key may not use any provider of '${model}' (${why.join('; ')})` }
    : { kind: 'reject', reason: 'no_candidate', status: 400, reasons,
        message: `no provider can serve this request for '${model}' (${why.join('; ')})` };
}

/** For who waits; what nobody waits for waits until it is resumed. */
export function suspendedNow(suspension: Suspension): PlanRefusal {
  return {
    kind: 'reject', reason: 'not_allowed', status: 403, reasons: [],
    message: suspensionText(suspension),
  };
}

/** Ends the stream as one ends that is not to be gone on with. */
export function cannotContinue(reasons: RoutingReason[]): PlanRefusal {
  return {
    kind: 'reject', reason: 'all_candidates_failed', status: 503, reasons,
    message: 'the stream broke after content had been sent, and no target can go on with it',
  };
}

/** By policy nothing is called that has no price, whether a budget bounds the request or not. */
export function priceUnknown(model: string, reasons: RoutingReason[]): PlanRefusal {
  const names = [...new Set(reasons.map((one) => `${one.provider}/${one.model}`))];
  return {
    kind: 'reject', reason: 'price_unknown', status: 402, reasons,
    message: `The price of ${names.slice(0, 4).join(', ')} is not known, and calls without a price `
      + `are refused (governance.unknown_price), so nothing can serve '${model}'. Set a price for it.`,
  };
}
