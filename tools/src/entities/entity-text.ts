// Customers and teams as a person reads them: as a table, and one in full.
import { boundsOf, type LimitsShown } from '../limits/limits-text';
import { table } from '../shared/table';

export type Level = 'customer' | 'team';

export interface EntityShown extends LimitsShown {
  readonly customer: string;
  readonly team?: string;
  readonly name: string | null;
  readonly weight?: number;
  readonly time_zone?: string;
  readonly state: string;
  readonly suspended_by?: { readonly reason: string };
  readonly origin: string;
  readonly [field: string]: unknown;
}

export function entitiesTable(level: Level, all: readonly EntityShown[]): string {
  if (all.length === 0) return `no ${level}s`;
  const own = level === 'team' ? ['customer'] : ['weight', 'time zone'];
  return table([['id', ...own, 'name', 'state', 'limits', 'from'], ...all.map((one) => [
    idOf(level, one), ...(level === 'team' ? [one.customer]
      : [String(one.weight ?? 1), one.time_zone ?? 'UTC']),
    one.name ?? '-', stateOf(one), String(boundsOf(one).length), one.origin,
  ])]);
}

export function entityText(level: Level, one: EntityShown): string {
  const rows = Object.entries(one).filter(([name, value]) => !plain.has(name) && !isEmpty(value))
    .map(([name, value]) => [name, typeof value === 'string' ? value : JSON.stringify(value)]);
  return table([
    [level, idOf(level, one)], ...(level === 'team' ? [['customer', one.customer]] : []),
    ['state', stateOf(one)], ...rows,
    ...boundsOf(one).map(({ what, most }) => ['limit', `${most} ${what}`]),
  ]);
}

/** Shown by their own words; raises are by `holdfast limits show`. */
const plain: ReadonlySet<string> = new Set([
  'customer', 'team', 'state', 'suspended_by', 'budgets', 'rate_limits', 'max_concurrent', 'raises',
]);

function idOf(level: Level, one: EntityShown): string {
  return level === 'team' ? one.team ?? '' : one.customer;
}

function stateOf({ state, suspended_by: by }: EntityShown): string {
  return by === undefined ? state : `${state} (${by.reason})`;
}

function isEmpty(value: unknown): boolean {
  if (value === null || value === undefined) return true;
  return typeof value === 'object' && Object.keys(value).length === 0;
}
