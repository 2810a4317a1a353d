// Finds the budgets and rate limits of a file, with whom each bounds.
import type { DesiredConfig } from '@libs/governance/desired-config';
import { matchesGlob } from '@libs/governance/glob';
import { noProvider } from './build-providers';
import type { Building } from './building';
import { type ConfigPath, pathText, type ProblemList } from './config-problem';
import type { CustomerYaml } from './holdfast-yaml';
import { limitProblems } from './limit-problems';
import { buildLimits, type LimitsDefaults, type LimitsYaml } from './limits-shape';

interface Collecting {
  readonly building: Building;
  readonly nowMs: number;
}

type Wanted = NonNullable<DesiredConfig['limits']>;
type Owner = Pick<Wanted[number], 'customer' | 'level' | 'id'>;

export function collectLimits(
  customers: readonly CustomerYaml[], providers: ReadonlySet<string>, collecting: Collecting,
): Wanted {
  const found: Wanted = [];
  const lookFor = (timeZone: string | null, yaml: LimitsYaml, path: ConfigPath, owner: Owner): void => {
    const defaults = { timeZone, nowMs: collecting.nowMs };
    check(yaml, path, defaults, collecting.building);
    const built = buildLimits(yaml, defaults);
    if (built === null) return;
    checkProviders(built.budgets, path, providers, collecting.building.list);
    found.push({ ...owner, ...built });
  };
  for (const [index, customer] of customers.entries()) {
    const path = ['customers', index] as const;
    const own = { customer: customer.id };
    const look = (yaml: LimitsYaml, at: ConfigPath, owner: Owner): void =>
      lookFor(customer.time_zone ?? null, yaml, at, owner);
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

function check(
  yaml: LimitsYaml, path: ConfigPath, defaults: LimitsDefaults, building: Building,
): void {
  for (const { path: place, message, isOver } of limitProblems(yaml, defaults)) {
    if (isOver === true && building.endedRaises === 'leave_out') {
      building.notes.push(`${pathText([...path, ...place])}: ${message}`);
    } else building.list.add([...path, ...place], message);
  }
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
