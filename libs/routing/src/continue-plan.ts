// Targets for a job whose stream broke behind content: only those that go on where the client stands.
import type { RoutingReason } from '@libs/events/job-events';
import { takesPrefix } from '@libs/governance/takes-prefix';
import { continuingOf } from '@libs/jobs/continuing';
import type { JobFacts } from '@libs/jobs/state';
import type { AbleTarget, Screening } from './candidates';

/** The same screening where there is nothing to go on with. */
export function onlyContinuing(job: JobFacts, screening: Screening): Screening {
  if (continuingOf(job) === null) return screening;
  const takes = ({ target }: AbleTarget): boolean =>
    takesPrefix(target.provider, target.model) !== null;
  const others = screening.able.filter((able) => !takes(able));
  return {
    ...screening,
    able: screening.able.filter(takes),
    reasons: [...screening.reasons, ...others.map(passedOver)],
  };
}

/** Ends the stream as one ends that is not to be gone on with. */
export function cannotContinue(reasons: RoutingReason[]): {
  readonly kind: 'reject';
  readonly reason: 'all_candidates_failed';
  readonly status: number;
  readonly message: string;
  readonly reasons: RoutingReason[];
} {
  return {
    kind: 'reject', reason: 'all_candidates_failed', status: 503, reasons,
    message: 'the stream broke after content had been sent, and no target can go on with it',
  };
}

function passedOver({ target }: AbleTarget): RoutingReason {
  return {
    provider: target.provider.provider, key: null, model: target.model, verdict: 'passed_over',
    reason: 'cannot go on with an answer that has begun',
  };
}
