// Budgets and rate limits as they are written in holdfast.yaml and sent to the API.
import { z } from 'zod';
import { type Budget, budgetWindow, type RateLimit, rateWindows } from '@libs/events/limits';
import { picoFromUsdDecimalString } from '@libs/governance/money';

const names = z.union([z.string().min(1).transform((name) => [name]), z.array(z.string().min(1))]);
const amountError = 'write an amount in USD that is not negative, e.g. 500 or "12.50", without a currency';
const usd = z.union([
  z.number().nonnegative({ error: amountError }),
  z.string().regex(/^\d+(\.\d{1,12})?$/, { error: amountError }),
], { error: amountError });

const budget = z.strictObject({
  limit_usd: usd,
  window: budgetWindow,
  calendar: z.boolean().optional(),
  models: names.optional(),
  providers: names.optional(),
});

const rateLimit = z.strictObject({
  requests: z.int().positive().optional(),
  tokens: z.int().positive().optional(),
  window: z.enum(rateWindows),
  models: names.optional(),
}).refine(({ requests, tokens }) => requests !== undefined || tokens !== undefined, {
  error: 'needs requests, tokens or both',
});

/** At customers, teams and keys. */
export const limitsFields = {
  budgets: z.array(budget).max(20).optional(),
  rate_limits: z.array(rateLimit).max(20).optional(),
  max_concurrent: z.int().positive().optional(),
};

export interface LimitsYaml {
  readonly budgets?: readonly z.output<typeof budget>[] | undefined;
  readonly rate_limits?: readonly z.output<typeof rateLimit>[] | undefined;
  readonly max_concurrent?: number | null | undefined;
}

export interface LimitsBuilt {
  readonly budgets: Budget[];
  readonly rate_limits: RateLimit[];
  readonly max_concurrent: number | null;
}

/** null: nothing is said of limits. */
export function buildLimits(yaml: LimitsYaml): LimitsBuilt | null {
  const { budgets, rate_limits: rates, max_concurrent: most } = yaml;
  if (budgets === undefined && rates === undefined && most === undefined) return null;
  return {
    budgets: (budgets ?? []).map(({ limit_usd: limit, window, calendar, models, providers }) => ({
      limit_pico_usd: picoOf(limit),
      window,
      // What never ends does not begin anew.
      calendar: window !== 'total' && calendar === true,
      models: models ?? [],
      providers: providers ?? [],
    })),
    rate_limits: (rates ?? []).map(({ requests, tokens, window, models }) => ({
      ...(requests === undefined ? {} : { requests }),
      ...(tokens === undefined ? {} : { tokens }),
      window,
      models: models ?? [],
    })),
    max_concurrent: most ?? null,
  };
}

/** A number finer than 10⁻¹² USD is cut: a limit is never more than was said. */
function picoOf(limit: number | string): string {
  const exact = picoFromUsdDecimalString(String(limit));
  return exact ?? picoFromUsdDecimalString(Number(limit).toFixed(12)) ?? '0';
}
