// What is left of rate limits, as headers of an answer: OpenAI's names on its surface, Anthropic's on
// theirs, so that clients that pace themselves need nothing new.
import { type LimitMet, type RateKind, type RateLeft, rateKinds } from '@libs/events/limits';
import { type Surface } from '@libs/surfaces/surface';

export type RateHeaders = Record<string, string>;

/** A window that has ended since tells nothing of now. */
export function rateHeaders(
  surface: Surface, rates: readonly RateLeft[], nowMs: number,
): RateHeaders {
  const headers: RateHeaders = {};
  for (const { kind, limit, left, resets_at_ms: resetsAtMs } of rates) {
    if (resetsAtMs <= nowMs) continue;
    const names = headerNames[surface][kind];
    headers[names.limit] = String(limit);
    headers[names.remaining] = String(left);
    headers[names.reset] = surface === 'openai' ? `${Math.ceil((resetsAtMs - nowMs) / 1000)}s`
      : new Date(resetsAtMs).toISOString();
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

interface Names {
  readonly limit: string;
  readonly remaining: string;
  readonly reset: string;
}

const headerNames: Readonly<Record<Surface, Readonly<Record<RateKind, Names>>>> = {
  openai: namesBy((name, what) => `x-ratelimit-${what}-${name}`),
  anthropic: namesBy((name, what) => `anthropic-ratelimit-${name}-${what}`),
};

function namesBy(nameOf: (kind: string, what: keyof Names) => string): Record<RateKind, Names> {
  const names = rateKinds.map((kind): [RateKind, Names] => {
    const of = (what: keyof Names): string => nameOf(kind.replace('_', '-'), what);
    return [kind, { limit: of('limit'), remaining: of('remaining'), reset: of('reset') }];
  });
  return Object.fromEntries(names) as Record<RateKind, Names>;
}

/** All there are, for browsers. */
export const rateHeaderNames = Object.values(headerNames)
  .flatMap((byKind) => Object.values(byKind))
  .flatMap(({ limit, remaining, reset }) => [limit, remaining, reset]);
