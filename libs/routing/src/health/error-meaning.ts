// What each class of error says, and of whom: the target, the provider's address, the key, nobody.
import type { AttemptErrorClass } from '@libs/events/attempt-errors';

export type ErrorMeaning =
  /** The (provider, model) is in trouble. */
  | 'target'
  /** Nothing of this provider can be reached. */
  | 'provider'
  /** The key has had enough for now. */
  | 'key_cools'
  /** The key is out until it is changed or probed. */
  | 'key_out'
  /** The request's own fault, or nobody's: it says that the provider answers. */
  | 'answered'
  /** We ended it. */
  | 'nothing';

export function meaningOf(errorClass: AttemptErrorClass): ErrorMeaning {
  switch (errorClass) {
    case 'connect_failed':
      return 'provider';
    case 'overloaded': case 'server_error': case 'connection_lost': case 'first_token_timeout':
    case 'stalled': case 'total_timeout': case 'malformed_response': case 'unknown':
    case 'model_not_found':
      return 'target';
    case 'rate_limited':
      return 'key_cools';
    case 'quota_exhausted': case 'credentials_rejected':
      return 'key_out';
    case 'invalid_request': case 'context_too_long': case 'content_filtered':
      return 'answered';
    case 'canceled': case 'content_erased':
      return 'nothing';
  }
}
