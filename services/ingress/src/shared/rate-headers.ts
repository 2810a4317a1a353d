// What is left of rate limits, as headers of an answer: OpenAI's names on its surface, Anthropic's on
// theirs, so that clients that pace themselves need nothing new.
import { type LimitMet, type RateLeft, rateKinds } from '@libs/events/limits';
import { type Surface } from '@libs/surfaces/surface';

export type RateHeaders = Record<string, string>;

/** A window that has ended since tells nothing of now. */
export function rateHeaders(
  surface: Surface, rates: readonly RateLeft[], nowMs: number,
): RateHeaders {
  const headers: RateHeaders = {};
  for (const { kind, limit, left, resets_at_ms: resetsAtMs } of rates) {
    if (resetsAtMs <= nowMs) continue;
    const name = kind.replace('_', '-');
    const reset = surface === 'openai' ? `${Math.ceil((resetsAtMs - nowMs) / 1000)}s`
      : new Date(resetsAtMs).toISOString();
    headers[headerName(surface, 'limit', name)] = String(limit);
    headers[headerName(surface, 'remaining', name)] = String(left);
    headers[headerName(surface, 'reset', name)] = reset;
  }
  return headers;
}

/** The limit that stood in the way resets when there is room for this request. */
export function withLimitMet(
  rates: readonly RateLeft[], limit: LimitMet, roomAtMs: number,
): readonly RateLeft[] {
  const kind = rateKinds.find((one) => one === limit.kind);
  if (kind === undefined) return rates;
  const left = Number(BigInt(limit.limit) - BigInt(limit.spent) - BigInt(limit.held));
  const met: RateLeft = {
    kind, limit: Number(limit.limit), left: Math.max(0, left), resets_at_ms: roomAtMs,
  };
  return [...rates.filter((rate) => rate.kind !== kind), met];
}

type What = 'limit' | 'remaining' | 'reset';

function headerName(surface: Surface, what: What, name: string): string {
  return surface === 'openai' ? `x-ratelimit-${what}-${name}` : `anthropic-ratelimit-${name}-${what}`;
}

/** All there are, for browsers. */
export const rateHeaderNames = (['openai', 'anthropic'] as const).flatMap((surface) =>
  rateKinds.flatMap((kind) => (['limit', 'remaining', 'reset'] as const).map((what) =>
    headerName(surface, what, kind.replace('_', '-')))));
