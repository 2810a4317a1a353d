// How long a provider asks to be left alone, from the many headers that say so.
import { type RateLimit } from './outcome';

export type ResponseHeaders = Readonly<Record<string, string | string[] | undefined>>;

/** Nobody means a longer pause: above it the header is wrong, or a date was taken for seconds. */
const pauseMaxMs = 24 * 3600 * 1000;

/** null: the provider did not say. */
export function retryAfterMs(headers: ResponseHeaders, nowMs: number): number | null {
  const exact = numberIn(headers, 'retry-after-ms');
  if (exact !== null) return bounded(exact);
  const asked = header(headers, 'retry-after');
  if (asked !== null) {
    const seconds = Number(asked);
    const ms = Number.isNaN(seconds) ? Date.parse(asked) - nowMs : seconds * 1000;
    if (!Number.isNaN(ms)) return bounded(ms);
  }
  const limit = rateLimitOf(headers, nowMs);
  return limit === null ? null : resetMs(limit);
}

/** null where no such header came. */
export function rateLimitOf(headers: ResponseHeaders, nowMs: number): RateLimit | null {
  const limit = {
    requestsLimit: numberIn(headers, 'x-ratelimit-limit-requests')
      ?? numberIn(headers, 'anthropic-ratelimit-requests-limit'),
    requestsRemaining: numberIn(headers, 'x-ratelimit-remaining-requests')
      ?? numberIn(headers, 'anthropic-ratelimit-requests-remaining'),
    requestsResetMs: durationIn(headers, 'x-ratelimit-reset-requests')
      ?? dateIn(headers, 'anthropic-ratelimit-requests-reset', nowMs),
    tokensLimit: numberIn(headers, 'x-ratelimit-limit-tokens')
      ?? numberIn(headers, 'anthropic-ratelimit-tokens-limit'),
    tokensRemaining: numberIn(headers, 'x-ratelimit-remaining-tokens')
      ?? numberIn(headers, 'anthropic-ratelimit-tokens-remaining'),
    tokensResetMs: durationIn(headers, 'x-ratelimit-reset-tokens')
      ?? dateIn(headers, 'anthropic-ratelimit-tokens-reset', nowMs),
  };
  return Object.values(limit).every((value) => value === null) ? null : limit;
}

/** The limit that is used up counts; where none is known to be, the one that frees first. */
function resetMs(limit: RateLimit): number | null {
  const { requestsRemaining, requestsResetMs, tokensRemaining, tokensResetMs } = limit;
  const spent = [
    requestsRemaining === 0 ? requestsResetMs : null, tokensRemaining === 0 ? tokensResetMs : null,
  ].filter((ms) => ms !== null);
  if (spent.length > 0) return bounded(Math.max(...spent));
  const any = [requestsResetMs, tokensResetMs].filter((ms) => ms !== null);
  return any.length === 0 ? null : bounded(Math.min(...any));
}

function bounded(ms: number): number {
  return Math.min(pauseMaxMs, Math.max(0, Math.ceil(ms)));
}

function header(headers: ResponseHeaders, name: string): string | null {
  const value = headers[name];
  if (Array.isArray(value)) return value[0] ?? null;
  return value ?? null;
}

function numberIn(headers: ResponseHeaders, name: string): number | null {
  const text = header(headers, name);
  if (text === null || text.trim() === '') return null;
  const value = Number(text);
  return Number.isNaN(value) ? null : value;
}

function dateIn(headers: ResponseHeaders, name: string, nowMs: number): number | null {
  const text = header(headers, name);
  const at = text === null ? Number.NaN : Date.parse(text);
  return Number.isNaN(at) ? null : Math.max(0, at - nowMs);
}

const unitMs: Readonly<Record<string, number>> = {
  ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000,
};

/** OpenAI's durations: `20ms`, `1s`, `6m0s`, `1h2m3.5s`; a bare number is seconds. */
function durationIn(headers: ResponseHeaders, name: string): number | null {
  const text = header(headers, name);
  if (text === null) return null;
  if (/^[\d.]+$/.test(text)) return Number(text) * 1000;
  const parts = [...text.matchAll(/([\d.]+)(ms|s|m|h|d)/g)];
  if (parts.length === 0) return null;
  return parts.reduce((sum, [, amount, unit]) => (
    sum + Number(amount) * (unitMs[unit ?? 's'] ?? 0)
  ), 0);
}
