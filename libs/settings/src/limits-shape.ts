// Budgets and rate limits as they are written in holdfast.yaml and sent to the API.
import { z } from 'zod';
import {
  type Budget, budgetWindow, type ConcurrentLimit, type RateLimit, rateKinds, rateWindows,
} from '@libs/events/limits';
import { picoFromUsdDecimalString } from '@libs/governance/money';
import { timeZoneProblem } from './time-zone-offsets';

const names = z.union([z.string().min(1).transform((name) => [name]), z.array(z.string().min(1))]);
const amountError = 'write an amount in USD that is not negative, e.g. 500 or "12.50", without a currency';
const usd = z.union([
  z.number().nonnegative({ error: amountError }),
  z.string().regex(/^\d+(\.\d{1,12})?$/, { error: amountError }),
], { error: amountError });
const count = z.int({ error: 'write a whole number above 0' })
  .positive({ error: 'write a whole number above 0; 0 would let nothing pass' });

export const timeZoneField = z.string().superRefine((name, context) => {
  const problem = timeZoneProblem(name);
  if (problem !== null) context.addIssue({ code: 'custom', message: problem });
});
const untilError = 'write a time, e.g. 2030-01-31 (00:00 UTC) or 2030-01-31T12:00:00Z';
export const untilField = z.string()
  .regex(/^\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d))?$/, { error: untilError })
  .refine((text) => !Number.isNaN(Date.parse(text)), { error: untilError });
export const usdField = usd;

const budget = z.strictObject({
  limit_usd: usd,
  window: budgetWindow,
  calendar: z.boolean().optional(),
  time_zone: timeZoneField.optional(),
  models: names.optional(),
  providers: names.optional(),
  raise: z.strictObject({ limit_usd: usd, until: untilField }).optional(),
  soft: z.boolean().optional().describe('It refuses nothing, and only raises alerts.'),
  alert_at: z.array(z.int().min(1).max(1_000)).max(10).optional().describe(
    'Percent of it at which an alert is raised; 50, 80 and 100 where nothing is said.',
  ),
});

const rateLimit = z.strictObject({
  requests: count.optional(),
  tokens: count.optional(),
  input_tokens: count.optional(),
  output_tokens: count.optional(),
  concurrent: count.optional(),
  window: z.enum(rateWindows).optional(),
  models: names.optional(),
});

/** At customers, teams and keys. */
export const limitsFields = {
  budgets: z.array(budget).max(20).optional(),
  rate_limits: z.array(rateLimit).max(20).optional(),
  max_concurrent: count.optional(),
};

export type BudgetYaml = z.output<typeof budget>;
export type RateLimitYaml = z.output<typeof rateLimit>;

export interface LimitsYaml {
  readonly budgets?: readonly BudgetYaml[] | undefined;
  readonly rate_limits?: readonly RateLimitYaml[] | undefined;
  readonly max_concurrent?: number | null | undefined;
}

export interface LimitsBuilt {
  readonly budgets: Budget[];
  readonly rate_limits: RateLimit[];
  readonly max_concurrent: number | null;
  readonly concurrent?: ConcurrentLimit[];
}

export interface LimitsDefaults {
  /** Of the customer, for calendar budgets that name none. */
  readonly timeZone: string | null;
  readonly nowMs: number;
}

/** null: nothing is said of limits. Of what `limitProblems` has let through. */
export function buildLimits(yaml: LimitsYaml, defaults: LimitsDefaults): LimitsBuilt | null {
  const { budgets, rate_limits: rates, max_concurrent: most } = yaml;
  if (budgets === undefined && rates === undefined && most === undefined) return null;
  const concurrent = (rates ?? []).flatMap(({ concurrent: limit, models = [] }) =>
    (limit === undefined ? [] : [{ concurrent: limit, models }]));
  // Of all models: the same as the field of its own.
  const ofAll = concurrent.find(({ models }) => models.length === 0);
  const byModel = concurrent.filter(({ models }) => models.length > 0);
  return {
    budgets: (budgets ?? []).map((one) => buildBudget(one, defaults)),
    rate_limits: (rates ?? []).flatMap(buildRate),
    max_concurrent: most ?? ofAll?.concurrent ?? null,
    ...(byModel.length === 0 ? {} : { concurrent: byModel }),
  };
}

function buildBudget(yaml: BudgetYaml, { timeZone, nowMs }: LimitsDefaults): Budget {
  const { limit_usd: limit, window, models, providers, raise, soft, alert_at: alertAt } = yaml;
  // What never ends does not begin anew.
  const calendar = window !== 'total' && yaml.calendar === true;
  const zone = calendar ? yaml.time_zone ?? timeZone ?? 'UTC' : 'UTC';
  const add = raise === undefined || Date.parse(raise.until) <= nowMs ? 0n
    : BigInt(picoOf(raise.limit_usd)) - BigInt(picoOf(limit));
  return {
    limit_pico_usd: picoOf(limit),
    window,
    calendar,
    ...(zone === 'UTC' ? {} : { time_zone: zone }),
    models: models ?? [],
    providers: providers ?? [],
    ...(raise === undefined || add <= 0n ? {}
      : { raise: { add_pico_usd: String(add), until_ms: Date.parse(raise.until) } }),
    ...(soft === true ? { soft } : {}),
    ...(alertAt === undefined ? {} : { alert_at: inOrder(alertAt) }),
  };
}

function inOrder(percents: readonly number[]): number[] {
  return [...new Set(percents)].sort((one, other) => one - other);
}

function buildRate({ window, models, ...counts }: RateLimitYaml): RateLimit[] {
  const named = rateKinds.filter((kind) => counts[kind] !== undefined);
  if (named.length === 0 || window === undefined) return [];
  return [{
    ...Object.fromEntries(named.map((kind) => [kind, counts[kind]])), window, models: models ?? [],
  }];
}

/** A number finer than 10⁻¹² USD is cut: a limit is never more than was said. */
export function picoOf(limit: number | string): string {
  const exact = picoFromUsdDecimalString(String(limit));
  return exact ?? picoFromUsdDecimalString(Number(limit).toFixed(12)) ?? '0';
}
