// Where customers, teams and keys stand in a file, so that what is wrong with one is said with its line.
import type { RuleProblem } from '@libs/governance/check-rules';
import type { ConfigPath, ProblemList } from './config-problem';
import type { CustomerYaml } from './holdfast-yaml';

export type Places = ReadonlyMap<string, ConfigPath>;

/** By `level/id`. */
export function placesOf(customers: readonly CustomerYaml[]): Places {
  const places = new Map<string, ConfigPath>();
  const note = (name: string, path: ConfigPath): void => {
    if (!places.has(name)) places.set(name, path);
  };
  for (const [index, customer] of customers.entries()) {
    const path = ['customers', index];
    note(`customer/${customer.id}`, path);
    customer.keys?.forEach(({ id }, at) => note(`key/${id}`, [...path, 'keys', at]));
    for (const [place, team] of (customer.teams ?? []).entries()) {
      const teamPath = [...path, 'teams', place];
      note(`team/${team.id}`, teamPath);
      team.keys?.forEach(({ id }, at) => note(`key/${id}`, [...teamPath, 'keys', at]));
    }
  }
  return places;
}

export function sayAt(places: Places, problem: RuleProblem, list: ProblemList): void {
  const path = places.get(`${problem.level}/${problem.id}`) ?? ['customers'];
  const field = problem.field.split('.').map((part) => (/^\d+$/.test(part) ? Number(part) : part));
  list.add([...path, ...field], problem.message);
}
