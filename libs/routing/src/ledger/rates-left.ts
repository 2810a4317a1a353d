// What the rate limits of a request have left, for the headers of its answer: of each kind the tightest.
import { type RateLeft, type RateKind } from '@libs/events/limits';
import type { Bound } from './bounds';
import { slotAt, slotEndsMs } from './windows';

/** A bound, with what counts against it. */
export interface RateTaken {
  readonly bound: Bound;
  readonly taken: bigint;
}

export function ratesLeft(all: readonly RateTaken[], nowMs: number): readonly RateLeft[] {
  const tightest = new Map<RateKind, RateTaken>();
  for (const one of all) {
    const { kind } = one.bound;
    if (kind === 'budget' || kind === 'concurrent') continue;
    const known = tightest.get(kind);
    if (known === undefined || leftOf(one) < leftOf(known)) tightest.set(kind, one);
  }
  return [...tightest].map(([kind, one]) => ({
    kind, limit: Number(one.bound.limit), left: Math.max(0, leftOf(one)),
    // What is counted now leaves with its youngest slot at the latest.
    resets_at_ms: slotEndsMs(one.bound, slotAt(one.bound, nowMs)) ?? nowMs,
  }));
}

function leftOf({ bound, taken }: RateTaken): number {
  return Number(bound.limit - taken);
}
