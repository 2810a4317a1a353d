// What is wrong with budgets and rate limits although each field has its shape: said with its place.
import { rateKinds } from '@libs/events/limits';
import type { ConfigPath } from './config-problem';
import {
  type BudgetYaml, type LimitsDefaults, type LimitsYaml, picoOf, type RateLimitYaml,
} from './limits-shape';

export interface LimitProblem {
  readonly path: ConfigPath;
  readonly message: string;
  /** It was right once: a file that is read again may go on without it. */
  readonly isOver?: true;
}

export function limitProblems(
  yaml: LimitsYaml, { nowMs, timeZone }: LimitsDefaults,
): LimitProblem[] {
  const budgets = yaml.budgets ?? [];
  const rates = yaml.rate_limits ?? [];
  return [
    ...budgets.flatMap((budget, index) =>
      budgetProblems(budget, nowMs).map(placed(['budgets', index]))),
    ...twice(budgets.map((budget) => [scopeOf(budget, timeZone)]), 'budgets',
      'there is another budget for the same window, models and providers; write one of them'),
    ...rates.flatMap((rate, index) => rateProblems(rate).map(placed(['rate_limits', index]))),
    ...twice(rates.map(countedBy), 'rate_limits',
      'there is another limit of the same kind for the same window and models; write one of them'),
    ...allTwice(yaml),
  ];
}

function placed(before: ConfigPath): (problem: LimitProblem) => LimitProblem {
  return (problem) => ({ ...problem, path: [...before, ...problem.path] });
}

function budgetProblems(budget: BudgetYaml, nowMs: number): LimitProblem[] {
  const { limit_usd: limit, window, calendar, time_zone: zone } = budget;
  const found: LimitProblem[] = [];
  if (picoOf(limit) === '0') {
    found.push({
      path: ['limit_usd'],
      message: 'a budget of 0 lets nothing pass: write an amount above 0, or take the key away',
    });
  }
  if (zone !== undefined && (calendar !== true || window === 'total')) {
    const message = 'only a window with `calendar: true` begins in a time zone; set it, or remove this';
    found.push({ path: ['time_zone'], message });
  }
  return [...found, ...raiseProblems(budget, nowMs)];
}

function raiseProblems({ raise, limit_usd: limit }: BudgetYaml, nowMs: number): LimitProblem[] {
  if (raise === undefined) return [];
  if (Date.parse(raise.until) <= nowMs) {
    const message = `${raise.until} is over: remove this raise, or set a later end`;
    return [{ path: ['raise', 'until'], message, isOver: true }];
  }
  if (BigInt(picoOf(raise.limit_usd)) > BigInt(picoOf(limit))) return [];
  const message = `is not above the budget itself (${limit}): write what the limit is meanwhile`;
  return [{ path: ['raise', 'limit_usd'], message }];
}

function rateProblems(rate: RateLimitYaml): LimitProblem[] {
  const counts = rateKinds.some((kind) => rate[kind] !== undefined);
  if (!counts && rate.concurrent === undefined) {
    return [{
      path: [],
      message: 'needs requests, tokens, input_tokens, output_tokens or concurrent, or several of them',
    }];
  }
  if (counts && rate.window === undefined) return [{ path: ['window'], message: 'is required' }];
  if (counts || rate.window === undefined) return [];
  return [{ path: ['window'], message: '`concurrent` counts what is under way now; remove the window' }];
}

function scopeOf(
  { window, calendar, time_zone: zone, models, providers, soft }: BudgetYaml, timeZone: string | null,
): string {
  const begins = calendar === true ? zone ?? timeZone ?? 'UTC' : null;
  // A soft one beside a hard one is an earlier warning.
  return JSON.stringify([window, begins, sorted(models), sorted(providers), soft === true]);
}

function countedBy(rate: RateLimitYaml): string[] {
  const models = sorted(rate.models);
  const counted = rateKinds.filter((kind) => rate[kind] !== undefined)
    .map((kind) => JSON.stringify([kind, rate.window, models]));
  return rate.concurrent === undefined ? counted
    : [...counted, JSON.stringify(['concurrent', models])];
}

function sorted(names: readonly string[] | undefined): readonly string[] {
  return [...names ?? []].sort();
}

/** Whoever says what was said before. */
function twice(
  all: readonly (readonly string[])[], field: string, message: string,
): LimitProblem[] {
  const seen = new Set<string>();
  return all.flatMap((scopes, index) => {
    const isAgain = scopes.some((scope) => seen.has(scope));
    for (const scope of scopes) seen.add(scope);
    return isAgain ? [{ path: [field, index], message }] : [];
  });
}

function allTwice({ rate_limits: rates = [], max_concurrent: most }: LimitsYaml): LimitProblem[] {
  if (most === undefined || most === null) return [];
  return rates.flatMap(({ concurrent, models = [] }, index) => {
    if (concurrent === undefined || models.length > 0) return [];
    const message = 'max_concurrent says the same of all models; write one of them';
    return [{ path: ['rate_limits', index, 'concurrent'], message }];
  });
}
