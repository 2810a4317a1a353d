// What can be configured of routing: strategies, rules with conditions, health rules, probes, hedging.
import { z } from 'zod';

export const strategies = [
  'weighted', 'priority', 'least_busy', 'fastest', 'cheapest', 'adaptive',
] as const;
export const strategy = z.enum(strategies);
export type Strategy = z.infer<typeof strategy>;

/**
 * Thresholds of health, all optional: what is absent has the default of libs/routing/health/rules,
 * where the reason of each stands. Shares are 0 to 1, times in ms.
 */
export const healthRules = z.object({
  /** false: nothing of this provider is ever passed over for its health. */
  enabled: z.boolean(),
  failure_share: z.number(),
  failures_min: z.number().int(),
  consecutive_failures: z.number().int(),
  open_ms: z.number().int(),
  open_max_ms: z.number().int(),
  half_open_calls: z.number().int(),
  close_after: z.number().int(),
  slow_start_ms: z.number().int(),
  slow_factor: z.number(),
  slow_min_samples: z.number().int(),
  /** Below this part of an announced limit requests are spread until the limit's reset. */
  pace_below: z.number(),
  cooling_ms: z.number().int(),
  out_ms: z.number().int(),
  stuck_after_ms: z.number().int(),
}).partial();
export type HealthRulesConfig = z.infer<typeof healthRules>;

/** Background calls to targets that are open, or that nothing was learned of for `idle_ms`. */
export const probes = z.object({
  every_ms: z.number().int(),
  idle_ms: z.number().int(),
  /** Asked for one token of it; null: the provider's default model, else the first without a glob. */
  model: z.string().nullable(),
});
export type Probes = z.infer<typeof probes>;

export const target = z.object({ provider: z.string(), model: z.string(), weight: z.number() });
export type Target = z.infer<typeof target>;

/** Targets of a route while a condition is met; the first rule that is met counts. */
export const routeRule = z.object({
  name: z.string(),
  /** CEL over `request`, `headers`, `metadata`, `tenant`, `team`, `key`, `mode`, `priority`. */
  when: z.string(),
  strategy: strategy.optional(),
  targets: z.array(target).min(1),
});
export type RouteRule = z.infer<typeof routeRule>;

/** At most `percent` of a route's requests get a second call; `after_ms` null: the target's p95. */
export const hedging = z.object({
  percent: z.number(),
  after_ms: z.number().int().nullable(),
});
export type Hedging = z.infer<typeof hedging>;

export const retries = z.object({
  /** Further calls at the same target after a failure that costs nothing and may be of a moment. */
  same_target: z.number().int(),
  /** Calls of one routing in all. */
  attempts_max: z.number().int(),
});
export type Retries = z.infer<typeof retries>;

/**
 * How a server is asked to go on with an answer that has begun, which is the last message: by nothing
 * more, by `prefix: true` in it, or by `continue_final_message` in the request.
 */
export const continuesWays = ['assistant', 'prefix', 'continue_final_message'] as const;
export const continuesWay = z.enum(continuesWays);
export type ContinuesWay = z.infer<typeof continuesWay>;
