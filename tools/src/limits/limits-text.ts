// Limits as a person reads them, in the words in which `holdfast limits set` takes them.
import { table } from '../shared/table';

export interface LimitsShown {
  readonly budgets?: readonly BudgetShown[];
  readonly rate_limits?: readonly RateShown[];
  readonly max_concurrent?: number | null;
  readonly raises?: readonly RaiseShown[];
}

interface BudgetShown {
  readonly limit_usd: string;
  readonly window: string;
  readonly calendar: boolean;
  readonly time_zone?: string;
  readonly models: readonly string[];
  readonly providers: readonly string[];
  readonly soft?: boolean;
  readonly alert_at?: readonly number[];
  readonly raise?: { readonly limit_usd: string; readonly until: string };
}

interface RateShown {
  readonly window?: string;
  readonly models: readonly string[];
  readonly [kind: string]: unknown;
}

interface RaiseShown {
  readonly id: string;
  readonly budget: Omit<BudgetShown, 'limit_usd'>;
  readonly add_usd: string;
  readonly until: string;
  readonly reason: string;
}

/** Without raises that are over: the API tells of them until the next one. */
export function underWay(limits: LimitsShown, nowMs: number): LimitsShown {
  const goesOn = ({ until }: { readonly until: string }): boolean => Date.parse(until) > nowMs;
  const { budgets = [], raises = [] } = limits;
  return {
    ...limits,
    budgets: budgets.map(({ raise, ...rest }) =>
      (raise !== undefined && goesOn(raise) ? { ...rest, raise } : rest)),
    raises: raises.filter(goesOn),
  };
}

/** What is bounded, and at how much. */
export interface Bound {
  readonly what: string;
  readonly most: string;
}

export function boundsOf(
  { budgets = [], rate_limits: rates = [], max_concurrent: most = null }: LimitsShown,
): Bound[] {
  return [
    ...budgets.map((budget) => ({ what: `USD ${scopeOf(budget)}`, most: amountOf(budget) })),
    ...rates.flatMap(({ window, models, ...counts }) =>
      Object.entries(counts).map(([kind, count]) => ({
        what: [kind, ...(window === undefined ? [] : [`per ${window}`]), ...named('models', models)].join(' '),
        most: String(count),
      }))),
    ...(most === null ? [] : [{ what: 'concurrent', most: String(most) }]),
  ];
}

export function limitsText(limits: LimitsShown): string {
  const bounds = boundsOf(limits);
  if (bounds.length === 0) return 'no limits';
  const text = table([['of', 'at most'], ...bounds.map(({ what, most }) => [what, most])]);
  const { raises = [] } = limits;
  if (raises.length === 0) return text;
  return `${text}\n\n${table([
    ['raise', 'of', 'more', 'until', 'reason'],
    ...raises.map(({ id, budget, add_usd: add, until, reason }) =>
      [id, `USD ${scopeOf(budget)}`, add, until, reason]),
  ])}`;
}

/** Every bound of either, before and after. */
export function changeText(before: LimitsShown, after: LimitsShown): string {
  const [was, is] = [boundsOf(before), boundsOf(after)];
  const all = [...new Set([...was, ...is].map(({ what }) => what))];
  if (all.length === 0) return 'no limits';
  const mostOf = (bounds: readonly Bound[], wanted: string): string =>
    bounds.filter(({ what }) => what === wanted).map(({ most }) => most).join(', ') || '-';
  return table([
    ['of', 'before', 'after'], ...all.map((what) => [what, mostOf(was, what), mostOf(is, what)]),
  ]);
}

function scopeOf(
  { window, calendar, time_zone: zone, models, providers, soft }: Omit<BudgetShown, 'limit_usd'>,
): string {
  return [
    window === 'total' ? window : `per ${window}`, ...(calendar ? ['calendar'] : []),
    ...(soft === true ? ['soft'] : []), ...(zone === undefined ? [] : [`zone=${zone}`]),
    ...named('models', models), ...named('providers', providers),
  ].join(' ');
}

function amountOf({ limit_usd: limit, alert_at: alertAt, raise }: BudgetShown): string {
  return [
    limit, ...(alertAt === undefined ? [] : [`alert=${alertAt.join(',') || 'none'}`]),
    ...(raise === undefined ? [] : [`(${raise.limit_usd} until ${raise.until})`]),
  ].join(' ');
}

function named(field: string, names: readonly string[]): string[] {
  return names.length === 0 ? [] : [`${field}=${names.join(',')}`];
}
