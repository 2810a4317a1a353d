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
  // Parts of the above that may have a price of their own; absent: none.
  /** Of the written ones, those that stay for an hour (Anthropic's `ephemeral_1h_input_tokens`). */
  cache_write_1h_tokens: z.number().int().optional(),
  /** Cached ones included. */
  audio_input_tokens: z.number().int().optional(),
  cached_audio_tokens: z.number().int().optional(),
  image_input_tokens: z.number().int().optional(),
  audio_output_tokens: z.number().int().optional(),
  image_output_tokens: z.number().int().optional(),
  /** Searches that the provider made for the answer. */
  web_searches: z.number().int().optional(),
});
export type Usage = z.infer<typeof usage>;

/** Prices in 10⁻¹² USD, whole numbers as decimal strings (JSON has no bigint). */
const rates = {
  input_per_token: z.string(),
  cached_input_per_token: z.string(),
  cache_write_per_token: z.string(),
  output_per_token: z.string(),
  // Absent: as the plain rate of the same direction.
  cache_write_1h_per_token: z.string().optional(),
  audio_input_per_token: z.string().optional(),
  cached_audio_per_token: z.string().optional(),
  image_input_per_token: z.string().optional(),
  reasoning_per_token: z.string().optional(),
  audio_output_per_token: z.string().optional(),
  image_output_per_token: z.string().optional(),
};
export const price = z.object({
  ...rates,
  per_request: z.string(),
  per_web_search: z.string().optional(),
  /** Taken off the whole call, in hundredths of a percent: 1250 is 12.5 %. */
  discount_basis_points: z.number().int().min(0).max(10_000).optional(),
  /** Other rates for the whole call once its prompt is longer than this; rising thresholds. */
  tiers: z.array(z.object({ above_input_tokens: z.number().int(), ...rates })).optional(),
  /** Longest prompt and answer together that the model takes; a catalogue knows it with the price. */
  context_tokens: z.number().int().optional(),
});
export type Price = z.infer<typeof price>;

/** Amount of money: 10⁻¹² USD, a whole number as decimal string. */
export const amountPicoUsd = z.string().regex(/^-?\d+$/);
