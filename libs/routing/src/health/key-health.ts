// Health of one provider key: closed after a 429 or a refusal, and paced below the limits that its
// provider announced or that were configured, so that a 429 is avoided rather than survived.
import type { AttemptError } from '@libs/events/attempt-errors';
import type { RateLimitSeen } from '@libs/events/attempts';
import { meaningOf } from './error-meaning';
import type { HealthRules } from './rules';

export interface ClosedKey {
  /** End of the call that closed it. */
  readonly sinceMs: number;
  readonly untilMs: number;
  readonly why: 'rate_limited' | 'overloaded' | 'quota_exhausted' | 'credentials_rejected';
}

/** What is left of an announced limit, as last seen. */
export interface Allowance {
  readonly seenAtMs: number;
  readonly limit: number | null;
  readonly remaining: number;
  readonly resetAtMs: number;
}

/** Calls and tokens of the last minute, in slots of 5 s of the log's time. */
export interface KeyUse {
  start: number;
  calls: number;
  tokens: number;
}

/** Without quota or with bad credentials since then: until a call works, or it is configured anew. */
export interface KeyOut {
  readonly sinceMs: number;
  readonly why: 'quota_exhausted' | 'credentials_rejected';
}

export interface KeyHealth {
  closed: ClosedKey | null;
  /** However often it was tried in between and refused again. */
  out: KeyOut | null;
  /** Times in a row that it was closed without a time from the provider: each doubles the pause. */
  closings: number;
  requests: Allowance | null;
  tokens: Allowance | null;
  readonly use: KeyUse[];
}

const coolingDoublingsMax = 4;
/** No provider's word closes a key for longer; a wrong header must not lose it for a day. */
const coolingMaxMs = 3_600_000;
const useSlotMs = 5_000;
const useWindowMs = 60_000;

export function newKeyHealth(): KeyHealth {
  return { closed: null, out: null, closings: 0, requests: null, tokens: null, use: [] };
}

export function isOut(closed: ClosedKey): boolean {
  return closed.why === 'quota_exhausted' || closed.why === 'credentials_rejected';
}

export interface Refused {
  readonly error: AttemptError;
  readonly retryAfterMs: number | null;
  readonly startedAtMs: number;
  readonly endedAtMs: number;
}

/** Closes a key, or closes it for longer; never for shorter. True if that changed something. */
export function closeKey(key: KeyHealth, refused: Refused, rules: HealthRules): boolean {
  // Calls that began before it closed say the same again: one wave is one closing.
  const isNew = key.closed === null || refused.startedAtMs >= key.closed.sinceMs;
  if (isNew && refused.error.class === 'rate_limited' && refused.retryAfterMs === null) key.closings += 1;
  const closing = closingOf(key, refused, rules);
  if (closing === null) return false;
  if (key.closed !== null && key.closed.untilMs >= closing.untilMs) return false;
  key.closed = closing;
  const { why, sinceMs } = closing;
  if (why === 'quota_exhausted' || why === 'credentials_rejected') key.out ??= { sinceMs, why };
  return true;
}

function closingOf(
  key: KeyHealth, { error, retryAfterMs, endedAtMs }: Refused, rules: HealthRules,
): ClosedKey | null {
  const saidMs = retryAfterMs === null ? null : Math.min(coolingMaxMs, retryAfterMs);
  if (error.class === 'rate_limited') {
    const doublings = Math.max(0, key.closings - 1);
    const defaultMs = rules.coolingMs * 2 ** Math.min(coolingDoublingsMax, doublings);
    return { sinceMs: endedAtMs, untilMs: endedAtMs + (saidMs ?? defaultMs), why: 'rate_limited' };
  }
  if (error.class === 'quota_exhausted' || error.class === 'credentials_rejected') {
    return { sinceMs: endedAtMs, untilMs: endedAtMs + rules.outMs, why: error.class };
  }
  // Overloaded without a time from the provider: the next candidate and the breaker are enough.
  return saidMs === null || meaningOf(error.class) !== 'target' ? null
    : { sinceMs: endedAtMs, untilMs: endedAtMs + saidMs, why: 'overloaded' };
}

/**
 * A success. A key that is out is in again by any call that began since; one that cools down stays
 * closed to its end. True: it was opened.
 */
export function keySucceeded(key: KeyHealth, startedAtMs: number): boolean {
  const { closed } = key;
  if (closed === null || startedAtMs < (isOut(closed) ? closed.sinceMs : closed.untilMs)) return false;
  key.closings = 0;
  key.closed = null;
  key.out = null;
  return isOut(closed);
}

export function countUse(key: KeyHealth, tokens: number, atMs: number): void {
  const start = atMs - atMs % useSlotMs;
  let slot = key.use.at(-1);
  if (slot === undefined || slot.start < start) {
    slot = { start, calls: 0, tokens: 0 };
    key.use.push(slot);
    while ((key.use[0] as KeyUse).start <= start - useWindowMs) key.use.shift();
  }
  slot.calls += 1;
  slot.tokens += tokens;
}

export function useAt(key: KeyHealth, nowMs: number): { calls: number; tokens: number } {
  const sum = { calls: 0, tokens: 0 };
  for (const slot of key.use) {
    if (slot.start <= nowMs - useWindowMs) continue;
    sum.calls += slot.calls;
    sum.tokens += slot.tokens;
  }
  return sum;
}

/** An answer that began earlier may arrive later: the least of a window is what is left. */
export function noteLimits(key: KeyHealth, seen: RateLimitSeen, endedAtMs: number): void {
  key.requests = newer(key.requests, {
    limit: seen.requests_limit, remaining: seen.requests_remaining, resetMs: seen.requests_reset_ms,
  }, endedAtMs);
  key.tokens = newer(key.tokens, {
    limit: seen.tokens_limit, remaining: seen.tokens_remaining, resetMs: seen.tokens_reset_ms,
  }, endedAtMs);
}

/** Without a reset in its headers: OpenAI's and Anthropic's windows are a minute at most. */
const resetDefaultMs = 60_000;

function newer(
  known: Allowance | null,
  seen: {
    readonly limit: number | null; readonly remaining: number | null;
    readonly resetMs: number | null;
  },
  endedAtMs: number,
): Allowance | null {
  if (seen.remaining === null) return known;
  if (known !== null && known.seenAtMs > endedAtMs) return known;
  const resetAtMs = endedAtMs + (seen.resetMs ?? resetDefaultMs);
  return { seenAtMs: endedAtMs, limit: seen.limit, remaining: seen.remaining, resetAtMs };
}

export interface KeyBounds {
  readonly rpm: number | null;
  readonly tpm: number | null;
  readonly paceBelow: number;
}

/** When a key may be given the next call; null: now. */
export interface Pace {
  readonly untilMs: number;
  readonly why: string;
}

/**
 * `underWay`: calls that were begun and have not ended, which no header has counted yet for sure.
 * `tokens`: what this request will use of a limit on tokens.
 */
export function paceOf(
  key: KeyHealth, call: { readonly underWay: number; readonly tokens: number },
  bounds: KeyBounds, nowMs: number,
): Pace | null {
  return spare(key.requests, call.underWay, 1, { bounds, nowMs, what: 'requests' })
    ?? spare(key.tokens, call.underWay * call.tokens, call.tokens, { bounds, nowMs, what: 'tokens' })
    ?? configured(key, call, bounds, nowMs);
}

function spare(
  allowance: Allowance | null, pending: number, need: number,
  around: { readonly bounds: KeyBounds; readonly nowMs: number; readonly what: string },
): Pace | null {
  const { bounds, nowMs, what } = around;
  if (allowance === null || nowMs >= allowance.resetAtMs) return null;
  const left = allowance.remaining - pending;
  const of = allowance.limit === null ? '' : ` of ${allowance.limit}`;
  const why = `${Math.max(0, left)}${of} ${what} left until ${new Date(allowance.resetAtMs).toISOString()}`;
  if (left < need) return { untilMs: allowance.resetAtMs, why };
  const low = bounds.paceBelow * (allowance.limit ?? 0);
  if (allowance.limit === null || left >= low) return null;
  // The rest is spread evenly: the next one when its part of the remaining time has passed.
  const gapMs = (allowance.resetAtMs - allowance.seenAtMs) * (need / Math.max(need, left));
  const untilMs = Math.min(allowance.resetAtMs, Math.ceil(allowance.seenAtMs + gapMs));
  return nowMs >= untilMs ? null : { untilMs, why };
}

function configured(
  key: KeyHealth, call: { readonly underWay: number; readonly tokens: number },
  { rpm, tpm }: KeyBounds, nowMs: number,
): Pace | null {
  if (rpm === null && tpm === null) return null;
  const used = useAt(key, nowMs);
  const first = key.use.find((slot) => slot.start > nowMs - useWindowMs);
  const untilMs = (first?.start ?? nowMs) + useWindowMs;
  if (rpm !== null && used.calls + call.underWay >= rpm) {
    return { untilMs, why: `its ${rpm} requests per minute are used` };
  }
  const pending = call.underWay * call.tokens;
  if (tpm !== null && used.tokens + pending + call.tokens > tpm && used.calls + call.underWay > 0) {
    return { untilMs, why: `its ${tpm} tokens per minute are used` };
  }
  return null;
}
