// Bounds of a customer, a team or a virtual key: budgets in money, rates, calls at the same time.
import { z } from 'zod';

/** A whole number of 10⁻¹² USD that is no debt. */
const bound = z.string().regex(/^\d+$/);

export const budgetWindows = [
  'minute', 'hour', 'day', 'week', 'month', 'quarter', 'year', 'total',
] as const;
export const budgetWindow = z.enum(budgetWindows);
export type BudgetWindow = z.infer<typeof budgetWindow>;

export const rateWindows = ['minute', 'hour', 'day'] as const;

export const limitLevels = ['customer', 'team', 'key'] as const;
export const limitLevel = z.enum(limitLevels);
export type LimitLevel = z.infer<typeof limitLevel>;

export const budget = z.object({
  limit_pico_usd: bound,
  window: budgetWindow,
  /** Begins anew at its UTC boundary; else it rolls. */
  calendar: z.boolean(),
  /** Globs over the model that is called or asked for, and over providers; empty: all. */
  models: z.array(z.string()),
  providers: z.array(z.string()),
});
export type Budget = z.infer<typeof budget>;

export const rateLimit = z.object({
  requests: z.number().int().positive().optional(),
  tokens: z.number().int().positive().optional(),
  window: z.enum(rateWindows),
  /** Globs over the model that is asked for; empty: all. */
  models: z.array(z.string()),
});
export type RateLimit = z.infer<typeof rateLimit>;

/** Which bound stood in the way, and how it was at that moment. */
export const limitMet = z.object({
  kind: z.enum(['budget', 'requests', 'tokens', 'concurrent']),
  level: limitLevel,
  id: z.string(),
  window: budgetWindow,
  /** 10⁻¹² USD, requests, tokens or calls. */
  limit: z.string(),
  spent: z.string(),
  held: z.string(),
  /** When there is room again without anything being released; null: never, or not known. */
  resets_at_ms: z.number().int().nullable(),
});
export type LimitMet = z.infer<typeof limitMet>;

/** What a router had decided and not folded yet, by account of the ledger: whole numbers. */
export const reservedAmounts = z.record(z.string(), z.string());
