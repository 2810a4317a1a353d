// The targets beside those of a route: what it falls back to, and by class of error.
import type { Candidate } from '@libs/events/job-events';
import { fallbackTargets, type ResolvedModel } from '@libs/governance/models';
import type { GovernanceState } from '@libs/governance/state';
import type { JobFacts } from '@libs/jobs/state';
import { candidateOf, screen } from './candidates';
import { onlyContinuing } from './continue-plan';

export function extraTargets(
  job: JobFacts, governance: GovernanceState, resolution: ResolvedModel,
): ReturnType<typeof fallbackTargets> {
  const names = [...job.submitted.fallbacks, ...resolution.fallbacks.default];
  return names.length === 0 ? [] : fallbackTargets(governance, names);
}

export function byClass(
  job: JobFacts, { governance }: { readonly governance: GovernanceState }, resolution: ResolvedModel,
  list: 'context_too_long' | 'content_filter',
): Candidate[] {
  const names = resolution.fallbacks[list];
  if (names.length === 0) return [];
  const targets = fallbackTargets(governance, names);
  const { able } = onlyContinuing(job, screen(job, targets, {
    governance, dropParams: resolution.dropParams, name: `${list} of ${job.submitted.model}`,
  }));
  return able.flatMap((one) => {
    const key = one.keys[0];
    return key === undefined ? [] : [candidateOf(governance, one, key)];
  });
}
