// Finds the budgets and rate limits of a file, with whom each bounds.
import type { DesiredConfig } from '@libs/governance/desired-config';
import { matchesGlob } from '@libs/governance/glob';
import { noProvider } from './build-providers';
import type { ConfigPath, ProblemList } from './config-problem';
import type { CustomerYaml } from './holdfast-yaml';
import { buildLimits, type LimitsYaml } from './limits-shape';

type Wanted = NonNullable<DesiredConfig['limits']>;
type Owner = Pick<Wanted[number], 'customer' | 'level' | 'id'>;

export function collectLimits(
  customers: readonly CustomerYaml[], providers: ReadonlySet<string>, list: ProblemList,
): Wanted {
  const found: Wanted = [];
  const look = (yaml: LimitsYaml, path: ConfigPath, owner: Owner): void => {
    const built = buildLimits(yaml);
    if (built === null) return;
    checkProviders(built.budgets, path, providers, list);
    found.push({ ...owner, ...built });
  };
  for (const [index, customer] of customers.entries()) {
    const path = ['customers', index] as const;
    const own = { customer: customer.id };
    look(customer, path, { ...own, level: 'customer', id: customer.id });
    const keys = customer.keys ?? [];
    keys.forEach((key, at) => look(key, [...path, 'keys', at], { ...own, level: 'key', id: key.id }));
    for (const [place, team] of (customer.teams ?? []).entries()) {
      const teamPath = [...path, 'teams', place];
      look(team, teamPath, { ...own, level: 'team', id: team.id });
      (team.keys ?? []).forEach((key, at) =>
        look(key, [...teamPath, 'keys', at], { ...own, level: 'key', id: key.id }));
    }
  }
  return found;
}

/** A budget for a provider that is not there would bound nothing, and nobody would notice. */
function checkProviders(
  budgets: Wanted[number]['budgets'], path: ConfigPath, ids: ReadonlySet<string>, list: ProblemList,
): void {
  budgets.forEach((budget, index) => budget.providers.forEach((pattern) => {
    if ([...ids].some((id) => matchesGlob(pattern, id))) return;
    list.add([...path, 'budgets', index, 'providers'], noProvider(pattern, ids));
  }));
}
