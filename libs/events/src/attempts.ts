// What the log says of one call to one provider.
import { z } from 'zod';
import { attemptError } from './attempt-errors';
import { amountPicoUsd, usage } from './usage';

export const attemptOutcome = z.enum(['succeeded', 'failed', 'canceled', 'unknown']);
export type AttemptOutcome = z.infer<typeof attemptOutcome>;

/**
 * What a provider announced of its rate limits in the headers of one answer; null: it did not say.
 * Durations in ms from the end of the call. Limits are per window of the provider, mostly a minute.
 */
export const rateLimitSeen = z.object({
  requests_limit: z.number().nullable(),
  requests_remaining: z.number().nullable(),
  requests_reset_ms: z.number().int().nullable(),
  tokens_limit: z.number().nullable(),
  tokens_remaining: z.number().nullable(),
  tokens_reset_ms: z.number().int().nullable(),
});
export type RateLimitSeen = z.infer<typeof rateLimitSeen>;

/** One provider call. Booked once, by `attempt_id`, whatever event carries it and however often. */
export const attemptRecord = z.object({
  /** `att_` + UUIDv7, made by the worker just before the call; sent as `x-client-request-id`. */
  attempt_id: z.string(),
  /** Which routing of the job it belongs to (1 is the first). */
  routing: z.number().int(),
  provider: z.string(),
  /** Name of the provider key (never its value). */
  key: z.string(),
  model: z.string(),
  started_at_ms: z.number().int(),
  duration_ms: z.number().int(),
  first_token_ms: z.number().int().nullable(),
  outcome: attemptOutcome,
  error: attemptError.nullable(),
  retry_after_ms: z.number().int().nullable(),
  usage: usage.nullable(),
  /** null: not known (no usage, or no price). Never 0 for unknown. */
  cost_pico_usd: amountPicoUsd.nullable(),
  /** Absent where no such header came. */
  rate_limit: rateLimitSeen.optional(),
  /** It was the second call of a hedged request. */
  hedge: z.literal(true).optional(),
  /** Its cost was taken from the provider's bill by an operator. */
  reconciled: z.literal(true).optional(),
  /** Ended since a second call was faster: what had not come within `duration_ms`. */
  late: z.enum(['first_token', 'answer']).optional(),
});
export type AttemptRecord = z.infer<typeof attemptRecord>;
