// What is kept of content, as it is configured for everything, a customer or a route.
import { z } from 'zod';

/** From the one that keeps everything to the one that keeps nothing: the later one is the stricter. */
export const contentPolicies = ['full', 'redacted', 'hash', 'none'] as const;
export type ContentPolicy = (typeof contentPolicies)[number];

/** Ten years: who keeps longer leaves it out. */
export const keepDaysMax = 3_650;

export const contentRules = z.object({
  policy: z.enum(contentPolicies).optional(),
  /** Absent: as long as nobody erases it. */
  keep_days: z.number().int().min(1).max(keepDaysMax).optional(),
  /** Secrets in requests are masked before the log. */
  mask_secrets: z.boolean().optional(),
});
export type ContentRules = z.infer<typeof contentRules>;

/** Data keys whose time was over are destroyed: what they sealed cannot be read any more. */
export const contentKeysDestroyed = z.object({
  /** Every key whose name has a time up to this one. */
  through_ms: z.number().int(),
  keys: z.number().int(),
  /** How many of each kind: a policy, or `kept` for so many days. */
  by_kind: z.record(z.string(), z.number().int()),
});
