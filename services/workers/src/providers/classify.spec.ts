import { describe, expect, test } from '@jest/globals';
import { type AttemptErrorClass } from '@libs/events/attempt-errors';
import { readProviderError } from '@libs/surfaces/translate/errors';
import { classOfStatus, classOfStreamError, describeError } from './classify';
import { rateLimitOf, retryAfterMs } from './retry-after';

const openai = (message: string, code: string | null = null, type = 'x'): string => (
  JSON.stringify({ error: { message, type, code, param: null } })
);
const anthropic = (type: string, message: string): string => (
  JSON.stringify({ type: 'error', error: { type, message } })
);

describe("a provider's answer", () => {
  test.each<[number, string, AttemptErrorClass]>([
    [429, openai('slow down', 'rate_limit_exceeded'), 'rate_limited'],
    [429, openai('pay', 'insufficient_quota', 'insufficient_quota'), 'quota_exhausted'],
    [402, '', 'quota_exhausted'],
    [400, anthropic('invalid_request_error', 'Your credit balance is too low to access'),
      'quota_exhausted'],
    [401, openai('bad key', 'invalid_api_key'), 'credentials_rejected'],
    [403, anthropic('permission_error', 'no'), 'credentials_rejected'],
    [404, openai('The model `x` does not exist', 'model_not_found'), 'model_not_found'],
    [404, anthropic('not_found_error', 'model: x'), 'model_not_found'],
    [400, openai('too much', 'context_length_exceeded'), 'context_too_long'],
    [400, anthropic('invalid_request_error', 'prompt is too long: 9 > 8'), 'context_too_long'],
    [400, openai('filtered', 'content_filter'), 'content_filtered'],
    [400, anthropic('invalid_request_error', 'Output blocked by content filtering policy'),
      'content_filtered'],
    [400, openai('wrong', 'invalid_value'), 'invalid_request'],
    [413, anthropic('request_too_large', 'big'), 'invalid_request'],
    [422, '{"detail":"no"}', 'invalid_request'],
    [408, '', 'server_error'],
    [500, '<html>', 'server_error'],
    [503, openai('The engine is currently overloaded'), 'overloaded'],
    [503, '', 'server_error'],
    [529, anthropic('overloaded_error', 'Overloaded'), 'overloaded'],
    [302, '', 'unknown'],
  ])('%i %s is of its class', (status, body, expected) => {
    expect(classOfStatus(status, readProviderError(body))).toBe(expected);
  });

  test.each<[string, AttemptErrorClass]>([
    [anthropic('overloaded_error', 'Overloaded'), 'overloaded'],
    [anthropic('rate_limit_error', 'slow'), 'rate_limited'],
    [anthropic('api_error', 'oops'), 'server_error'],
    [openai('The server had an error', null, 'server_error'), 'server_error'],
    ['{"error":{"message":"Provider returned error","code":429}}', 'rate_limited'],
  ])('inside a stream is of the same class (%s)', (text, expected) => {
    expect(classOfStreamError(readProviderError(text))).toBe(expected);
  });

  test('is described without what may repeat a key or a prompt', () => {
    const error = readProviderError(openai('Incorrect API key: sk-123', 'invalid_api_key'));
    expect(describeError(401, error, 'credentials_rejected'))
      .toBe('The provider answered 401 (invalid_api_key).');
  });
});

describe('the pause that a provider asks for', () => {
  const now = Date.parse('2026-01-01T00:00:00Z');

  test.each<[string, Record<string, string>, number | null]>([
    ['exact', { 'retry-after-ms': '1500', 'retry-after': '9' }, 1500],
    ['in seconds', { 'retry-after': '2' }, 2000],
    ['until a date', { 'retry-after': 'Thu, 01 Jan 2026 00:00:05 GMT' }, 5000],
    ['until the spent limit resets', {
      'x-ratelimit-remaining-requests': '10', 'x-ratelimit-reset-requests': '20ms',
      'x-ratelimit-remaining-tokens': '0', 'x-ratelimit-reset-tokens': '6m1.5s',
    }, 361_500],
    ['until the first limit resets', {
      'x-ratelimit-reset-requests': '2s', 'x-ratelimit-reset-tokens': '1m',
    }, 2000],
    ["until Anthropic's date", {
      'anthropic-ratelimit-requests-remaining': '0',
      'anthropic-ratelimit-requests-reset': '2026-01-01T00:00:07Z',
    }, 7000],
    ['already over', { 'retry-after': 'Wed, 31 Dec 2025 00:00:00 GMT' }, 0],
    ['never said', { 'retry-after': 'soon' }, null],
  ])('is read (%s)', (_name, headers, expected) => {
    expect(retryAfterMs(headers, now)).toBe(expected);
  });

  test('comes with what is left of the limits', () => {
    expect(rateLimitOf({ 'x-ratelimit-remaining-tokens': '5' }, now)).toMatchObject({
      tokensRemaining: 5, requestsRemaining: null,
    });
    expect(rateLimitOf({}, now)).toBeNull();
  });
});
