// Which class of failure a provider's answer is, and whether the call may have cost something.
//
// Cost: a call that was never connected cannot have cost (refused, DNS, TLS, connect timeout). An
// error status cannot either: the provider says that it did not run the request. From the moment
// the request is on the wire until an answer comes, nobody knows: a reset or a timeout there, and
// everything after a 200 but an error that comes before any content, may have cost.
import { type AttemptErrorClass } from '@libs/events/attempt-errors';
import { type ProviderError } from '@libs/surfaces/translate/errors';

/** By an answer that is not a success. */
export function classOfStatus(status: number, error: ProviderError): AttemptErrorClass {
  if (isOutOfMoney(status, error)) return 'quota_exhausted';
  if (status === 429) return 'rate_limited';
  if (status === 401 || status === 403) {
    return isFiltered(error) ? 'content_filtered' : 'credentials_rejected';
  }
  if (isTooLong(error)) return 'context_too_long';
  if (status >= 500) return isOverloaded(status, error) ? 'overloaded' : 'server_error';
  if (isFiltered(error)) return 'content_filtered';
  if (status === 404 || error.code === 'model_not_found') return 'model_not_found';
  // 408: the provider gave up waiting; 409 and 425: it asks to come again. Not the client's fault.
  if (status === 408 || status === 409 || status === 425) return 'server_error';
  return status >= 400 ? 'invalid_request' : 'unknown';
}

/** By an error event inside a stream that had begun with a 200. */
export function classOfStreamError(error: ProviderError): AttemptErrorClass {
  const status = Number(error.code ?? Number.NaN);
  if (status >= 400 && status < 600) return classOfStatus(status, error);
  return classOfStatus(statusOfType[error.type ?? ''] ?? 500, error);
}

/** The client is to see the provider's own words. */
export function isClientsError(errorClass: AttemptErrorClass): boolean {
  return errorClass === 'invalid_request' || errorClass === 'model_not_found'
    || errorClass === 'context_too_long' || errorClass === 'content_filtered';
}

/** For the log: the provider's words only where they cannot repeat the prompt or a key. */
export function describeError(
  status: number | null, error: ProviderError, errorClass: AttemptErrorClass,
): string {
  const kind = error.code ?? error.type;
  const answered = status === null ? 'The provider failed' : `The provider answered ${status}`;
  const head = kind === null ? answered : `${answered} (${kind.slice(0, 80)})`;
  const words = error.message !== null && saysOnlyItself.has(errorClass) ? error.message : '';
  return words === '' ? `${head}.` : `${head}: ${words.slice(0, messageCharsMax)}`;
}

/** Enough for any real sentence; what is longer is a page of HTML. */
const messageCharsMax = 200;

const saysOnlyItself: ReadonlySet<AttemptErrorClass> = new Set([
  'rate_limited', 'quota_exhausted', 'overloaded', 'context_too_long',
]);

const statusOfType: Readonly<Record<string, number>> = {
  invalid_request_error: 400,
  authentication_error: 401,
  billing_error: 402,
  permission_error: 403,
  not_found_error: 404,
  request_too_large: 413,
  rate_limit_error: 429,
  rate_limit_exceeded: 429,
  insufficient_quota: 429,
  timeout_error: 504,
  overloaded_error: 529,
};

function isOutOfMoney(status: number, error: ProviderError): boolean {
  if (status === 402) return true;
  if (status >= 500) return false;
  const named = `${error.code ?? ''} ${error.type ?? ''}`;
  if (/insufficient_quota|billing|spend_limit/.test(named)) return true;
  // Anthropic answers 400 to an empty account.
  return (status === 429 || status === 400 || status === 403)
    && /credit balance is too low|exceeded your current quota/i.test(error.message ?? '');
}

function isTooLong(error: ProviderError): boolean {
  if (error.code === 'context_length_exceeded') return true;
  const tooLong = new RegExp([
    'prompt is too long', 'maximum context length', 'context window', 'context length',
    'exceed(s|ed)? (the )?context limit', 'too many (input )?tokens',
  ].join('|'), 'i');
  return tooLong.test(error.message ?? '');
}

function isFiltered(error: ProviderError): boolean {
  const named = `${error.code ?? ''} ${error.type ?? ''}`;
  return /content_filter|content_policy|ResponsibleAIPolicyViolation/i.test(named)
    || /blocked by content filtering|content management policy/i.test(error.message ?? '');
}

function isOverloaded(status: number, error: ProviderError): boolean {
  return status === 529 || error.type === 'overloaded_error'
    || (status === 503 && /overload|slow down|capacity/i.test(error.message ?? ''));
}
