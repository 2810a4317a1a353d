// Tokens of one provider call, in one shape for every kind of provider.
import { z } from 'zod';

export const usage = z.object({
  /** All prompt tokens, cached ones included (OpenAI's `prompt_tokens`). */
  input_tokens: z.number().int(),
  cached_input_tokens: z.number().int(),
  cache_write_tokens: z.number().int(),
  /** All output tokens, reasoning included. */
  output_tokens: z.number().int(),
  reasoning_tokens: z.number().int(),
});
export type Usage = z.infer<typeof usage>;

/** Prices in 10⁻¹² USD, whole numbers as decimal strings (JSON has no bigint). */
const rates = {
  input_per_token: z.string(),
  cached_input_per_token: z.string(),
  cache_write_per_token: z.string(),
  output_per_token: z.string(),
};
export const price = z.object({
  ...rates,
  per_request: z.string(),
  /** Other rates for the whole call once its prompt is longer than this; rising thresholds. */
  tiers: z.array(z.object({ above_input_tokens: z.number().int(), ...rates })).optional(),
  /** Longest prompt and answer together that the model takes; a catalogue knows it with the price. */
  context_tokens: z.number().int().optional(),
});
export type Price = z.infer<typeof price>;

/** Amount of money: 10⁻¹² USD, a whole number as decimal string. */
export const amountPicoUsd = z.string().regex(/^-?\d+$/);
