// Local time by the offsets that the log has of a time zone. No library and no clock: the same offsets
// give the same boundaries for ever, whatever a newer database of time zones says (ADR 15).
import type { TimeZoneOffsets } from '@libs/events/limits';

const minuteMs = 60_000;

/** While one offset holds. */
export interface Stretch {
  readonly fromMs: number;
  readonly untilMs: number;
  readonly offsetMs: number;
}

export function stretchAt(offsets: TimeZoneOffsets, atMs: number): Stretch {
  // A handful a decade, and mostly the last ones of the past are asked for: halving finds them soon.
  let [low, high] = [0, offsets.length - 1];
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if ((offsets[middle] as TimeZoneOffsets[number]).from_ms <= atMs) low = middle;
    else high = middle - 1;
  }
  return stretch(offsets, low);
}

function stretch(offsets: TimeZoneOffsets, index: number): Stretch {
  const { from_ms: fromMs, minutes } = offsets[index] as TimeZoneOffsets[number];
  return {
    fromMs: index === 0 ? -Infinity : fromMs,
    untilMs: offsets[index + 1]?.from_ms ?? Infinity,
    offsetMs: minutes * minuteMs,
  };
}

/** Wider than any offset is from UTC (14 h). */
const offsetMaxMs = 15 * 60 * minuteMs;

/**
 * The first moment at which a clock there shows `localMs` (as if it were UTC) or later: where clocks
 * skip it, the moment they skip; where they show it twice, the first time.
 */
export function momentOf(offsets: TimeZoneOffsets, localMs: number): number {
  let { fromMs, untilMs, offsetMs } = stretchAt(offsets, localMs - offsetMaxMs);
  for (;;) {
    const atMs = Math.max(fromMs, localMs - offsetMs);
    if (atMs < untilMs) return atMs;
    ({ fromMs, untilMs, offsetMs } = stretchAt(offsets, untilMs));
  }
}
