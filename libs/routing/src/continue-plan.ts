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

function passedOver({ target }: AbleTarget): RoutingReason {
  return {
    provider: target.provider.provider, key: null, model: target.model, verdict: 'passed_over',
    reason: 'cannot go on with an answer that has begun',
  };
}
