// What a customer, a team or a virtual key may ask for. Rules of all levels apply together.
import { z } from 'zod';

/** Bounds on what a request may carry; absent ones bound nothing. */
const paramLimits = z.object({
  /** Most tokens of one answer that may be asked for. */
  max_tokens: z.number().int().positive().optional(),
  temperature: z.object({ min: z.number(), max: z.number() }).optional(),
  /** Fields of the request body that are refused. */
  refused: z.array(z.string()),
  /** A value out of bounds is brought into them instead of being refused. */
  clamp: z.boolean(),
});
export type ParamLimits = z.infer<typeof paramLimits>;

/** Globs; a name that is denied anywhere is denied, whatever allows it. */
export const denials = {
  denied_models: z.array(z.string()).optional(),
  denied_providers: z.array(z.string()).optional(),
  params: paramLimits.optional(),
};

/** Of customers and teams; empty or absent: nothing is ruled. */
export const accessRules = {
  models: z.array(z.string()).optional(),
  providers: z.array(z.string()).optional(),
  ...denials,
  metadata: z.record(z.string(), z.string()).optional(),
};
