// What is wrong with a desired configuration beyond its shape, before anything of it is applied.
import type { LimitLevel } from '@libs/events/limits';
import { aboutNothing, type RuleProblem, ruleProblems, type RulesOf } from './check-rules';
import type { DesiredConfig } from './desired-config';
import type { KnownNames } from './known-names';
import type { GovernanceState } from './state';

type Bounds = Pick<
  NonNullable<DesiredConfig['limits']>[number],
  'level' | 'id' | 'budgets' | 'rate_limits' | 'concurrent'
>;

/** `known`: null where the providers are not known yet. */
export function checkDesired(desired: DesiredConfig, known: KnownNames | null): RuleProblem[] {
  const customers = new Map(desired.customers.map((one) =>
    [one.customer, { level: 'customer', id: one.customer, rules: one } satisfies RulesOf]));
  const teams = new Map(desired.teams.map((one) =>
    [one.team, { level: 'team', id: one.team, rules: one } satisfies RulesOf]));
  const customersOf = (id: string): RulesOf[] => present(customers.get(id));
  const all = [
    ...[...customers.values()].map((one) => ruleProblems(one, known, [])),
    ...desired.teams.map(({ team, customer }) =>
      ruleProblems(teams.get(team) as RulesOf, known, customersOf(customer))),
    ...desired.keys.map((key) => ruleProblems(
      { level: 'key', id: key.key, rules: key }, known,
      [...present(teams.get(key.team ?? '')), ...customersOf(key.customer)])),
    ...(desired.limits ?? []).map((limits) => known === null ? [] : countsNothing(limits, known)),
  ];
  return [...all.flat(), ...twice(desired)];
}

/** Who would belong to nobody after a change, and does not now. */
export function orphans(before: GovernanceState, after: GovernanceState): RuleProblem[] {
  const problems: RuleProblem[] = [];
  const add = (level: LimitLevel, id: string, field: string, message: string): void => {
    problems.push({ level, id, field, message });
  };
  for (const { team, customer } of after.teams.values()) {
    if (after.customers.has(customer)) continue;
    const was = before.teams.get(team);
    if (was !== undefined && !before.customers.has(was.customer)) continue;
    add('team', team, 'customer', missing('customer', customer));
  }
  for (const [id, key] of after.keys) {
    if (key.revoked) continue;
    const was = before.keys.get(id);
    const { created: { team }, tenant } = key;
    if (team !== null && after.teams.get(team)?.customer !== tenant) {
      const had = was?.created.team === team && before.teams.get(team)?.customer !== was.tenant;
      if (!had) add('key', id, 'team', missing('team', team));
    }
    if (after.customers.has(tenant)) continue;
    if (was === undefined || before.customers.has(was.tenant)) {
      add('key', id, 'customer', missing('customer', tenant));
    }
  }
  return problems;
}

/** Bounds of models that are not there would bound nothing, and nobody would notice. */
export function countsNothing(
  { level, id, budgets, rate_limits: rates, concurrent = [] }: Bounds, known: KnownNames,
): RuleProblem[] {
  const look = (models: readonly string[], field: string): RuleProblem[] => models.flatMap((glob) => {
    const message = aboutNothing(glob, true, known);
    return message === null ? [] : [{ level, id, field, message }];
  });
  return [
    ...budgets.flatMap(({ models }, at) => look(models, `budgets.${at}.models`)),
    ...rates.flatMap(({ models }, at) => look(models, `rate_limits.${at}.models`)),
    // They stand among the rate limits, at a place that is not kept.
    ...concurrent.flatMap(({ models }) => look(models, 'rate_limits')),
  ];
}

/** The same of budgets for providers that are not there; a file's are looked at where it is read. */
export function countsNowhere({ level, id, budgets }: Bounds, known: KnownNames): RuleProblem[] {
  return budgets.flatMap(({ providers }, at) => providers.flatMap((glob) => {
    const message = aboutNothing(glob, false, known);
    return message === null ? [] : [{ level, id, field: `budgets.${at}.providers`, message }];
  }));
}

export function problemLine({ level, id, field, message }: RuleProblem): string {
  return `${level} ${id}: ${field}: ${message}`;
}

function missing(level: LimitLevel, id: string): string {
  return `there is no ${level} "${id}" for it; remove or move what belongs to it first`;
}

/** A file cannot say these; a program can. */
function twice({ keys, teams, customers }: DesiredConfig): RuleProblem[] {
  const problems: RuleProblem[] = [];
  const idByHash = new Map<string, string>();
  const seen = new Set<string>();
  const once = (level: LimitLevel, id: string): void => {
    if (seen.has(`${level}/${id}`)) problems.push({ level, id, field: 'id', message: 'is there twice' });
    seen.add(`${level}/${id}`);
  };
  for (const { customer } of customers) once('customer', customer);
  for (const { team } of teams) once('team', team);
  for (const { key: id, hash } of keys) {
    once('key', id);
    const other = idByHash.get(hash);
    if (other !== undefined && other !== id) {
      problems.push({ level: 'key', id, field: 'value', message: `is also the value of key ${other}` });
    }
    idByHash.set(hash, id);
  }
  return problems;
}

function present<T>(one: T | undefined): T[] {
  return one === undefined ? [] : [one];
}
