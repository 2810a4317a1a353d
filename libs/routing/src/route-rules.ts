// Which rule of a route a request meets: the first whose condition is true.
import type { RouteRule } from '@libs/events/routing-policy';
import { conditionOf } from '@libs/conditions/condition';
import type { ModelTarget, ResolvedModel } from '@libs/governance/models';
import type { GovernanceState } from '@libs/governance/state';
import type { JobFacts } from '@libs/jobs/state';

export interface RuleMet {
  readonly rule: string | null;
  readonly strategy: ResolvedModel['strategy'];
  readonly targets: readonly ModelTarget[];
}

/** A condition that cannot be evaluated for this request (it names what is not there) is not met. */
export function meetRules(
  job: JobFacts, resolution: ResolvedModel, governance: GovernanceState,
): RuleMet {
  for (const rule of resolution.rules) {
    if (!isMet(job, rule)) continue;
    const targets = rule.targets.flatMap(({ provider: id, model, weight }) => {
      const provider = governance.providers.get(id);
      return provider === undefined ? [] : [{ provider, model, weight, fallback: true }];
    });
    if (targets.length === 0) continue;
    return { rule: rule.name, strategy: rule.strategy ?? resolution.strategy, targets };
  }
  return { rule: null, strategy: resolution.strategy, targets: resolution.targets };
}

function isMet(job: JobFacts, rule: RouteRule): boolean {
  const { submitted, tenant } = job;
  const { metadata, team, key, mode, priority, model, facts } = submitted;
  return conditionOf(rule.when).isMet({
    request: { ...facts?.request, model },
    headers: facts?.headers ?? {},
    metadata,
    tenant,
    team: team ?? '',
    key,
    mode,
    priority,
    session: submitted.session ?? '',
    needs: submitted.needs,
    prompt_tokens: submitted.prompt_tokens_estimate,
  });
}
