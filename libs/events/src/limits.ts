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

/** Which budget of a customer, team or key: no two of one have the same. */
const budgetScope = {
  window: budgetWindow,
  /** Begins anew at its boundary; else it rolls. */
  calendar: z.boolean(),
  /** IANA name; absent: UTC. Its boundaries follow from the last `TimeZoneSet` of that name. */
  time_zone: z.string().optional(),
  /** Globs over the model that is called or asked for, and over providers; empty: all. */
  models: z.array(z.string()),
  providers: z.array(z.string()),
};

export const budget = z.object({
  limit_pico_usd: bound,
  ...budgetScope,
  /** So much more until then; what was spent by then stays in the books. */
  raise: z.object({ add_pico_usd: bound, until_ms: z.number().int() }).optional(),
  /** It refuses nothing, and only raises alerts. */
  soft: z.literal(true).optional(),
  /** Percent of it at which an alert is raised; absent: 50, 80 and 100. */
  alert_at: z.array(z.number().int().positive()).optional(),
});
export type Budget = z.infer<typeof budget>;

/** A raise of one budget that ends by itself, whoever owns the budget. */
export const budgetRaised = z.object({
  level: limitLevel,
  id: z.string(),
  /** Given again it replaces the former one: so it is ended early. */
  raise: z.string(),
  budget: z.object(budgetScope),
  add_pico_usd: bound,
  until_ms: z.number().int(),
  reason: z.string(),
  origin: z.enum(['file', 'api', 'system']),
});
export type BudgetRaise = z.infer<typeof budgetRaised>;

const count = z.number().int().positive();

export const rateLimit = z.object({
  requests: count.optional(),
  /** Prompt and answer. */
  tokens: count.optional(),
  input_tokens: count.optional(),
  output_tokens: count.optional(),
  window: z.enum(rateWindows),
  /** Globs over the model that is asked for; empty: all. */
  models: z.array(z.string()),
});
export type RateLimit = z.infer<typeof rateLimit>;

/** Calls of these models under way at the same time. */
export const concurrentLimit = z.object({ concurrent: count, models: z.array(z.string()).min(1) });
export type ConcurrentLimit = z.infer<typeof concurrentLimit>;

/**
 * What a name of a time zone means: its offsets from UTC, each from a time on. In the log, since they
 * come from a database that changes, and a fold must give the same for ever (ADR 15).
 */
export const timeZoneSet = z.object({
  time_zone: z.string(),
  /** Release of the IANA database, e.g. `2025c`. */
  release: z.string(),
  /** Ascending; the first holds before its time, too, the last one after `known_until_ms`. */
  offsets: z.array(z.object({ from_ms: z.number().int(), minutes: z.number().int() })).min(1),
  known_until_ms: z.number().int(),
  origin: z.enum(['file', 'api', 'system']),
});
export type TimeZoneOffsets = z.infer<typeof timeZoneSet>['offsets'];

export const rateKinds = ['requests', 'tokens', 'input_tokens', 'output_tokens'] as const;
export type RateKind = (typeof rateKinds)[number];

/** What the tightest rate limit of one kind has left after a decision. */
export const rateLeft = z.object({
  kind: z.enum(rateKinds),
  limit: z.number().int(),
  left: z.number().int(),
  /** When all that is counted now has left its window. */
  resets_at_ms: z.number().int(),
});
export type RateLeft = z.infer<typeof rateLeft>;

/** Which bound stood in the way, and how it was at that moment. */
export const limitMet = z.object({
  kind: z.enum(['budget', ...rateKinds, 'concurrent']),
  level: limitLevel,
  id: z.string(),
  window: budgetWindow,
  /** 10⁻¹² USD, requests, tokens or calls. */
  limit: z.string(),
  spent: z.string(),
  held: z.string(),
  /** When there is room again without anything being released; null: never, or not known. */
  resets_at_ms: z.number().int().nullable(),
  /** Of a budget that a new window would have room in: its account, whose alert is due. */
  account: z.string().optional(),
});
export type LimitMet = z.infer<typeof limitMet>;

/**
 * What a router had decided and not folded yet, in whole numbers: for each bound of the request, in
 * their order (of its key, its team, its customer; their budgets, rate limits, concurrent ones).
 * Before, by account of the ledger.
 */
export const reservedAmounts = z.union([z.array(z.string()), z.record(z.string(), z.string())]);
export type ReservedAmounts = z.infer<typeof reservedAmounts>;
