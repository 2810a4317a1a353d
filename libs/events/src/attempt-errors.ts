// The closed list of reasons why an attempt at a provider did not succeed (api.md, section 2).
import { z } from 'zod';

export const attemptErrorClasses = [
  'rate_limited', 'quota_exhausted', 'overloaded', 'server_error', 'connect_failed',
  'connection_lost', 'first_token_timeout', 'stalled', 'total_timeout', 'malformed_response',
  'credentials_rejected', 'invalid_request', 'model_not_found', 'context_too_long',
  'content_filtered', 'content_erased', 'canceled', 'unknown',
] as const;

export const attemptErrorClass = z.enum(attemptErrorClasses);
export type AttemptErrorClass = z.infer<typeof attemptErrorClass>;

export const attemptError = z.object({
  class: attemptErrorClass,
  /** HTTP status of the provider, null when it never answered. */
  status: z.number().int().nullable(),
  /** One sentence for people; never content, never a secret. */
  message: z.string(),
});
export type AttemptError = z.infer<typeof attemptError>;
