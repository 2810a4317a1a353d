// A clock that stands still until a test moves it.

export interface FixedClock {
  /** Milliseconds since 1970, as Date.now() counts them. */
  readonly now: () => number;
  readonly iso: () => string;
  advance(ms: number): void;
  set(ms: number): void;
}

/** A fixed, arbitrary moment: 2026-01-01T00:00:00.000Z. */
export const testEpochMs = Date.UTC(2026, 0, 1);

export function fixedClock(startMs = testEpochMs): FixedClock {
  let nowMs = startMs;
  return {
    now: () => nowMs,
    iso: () => new Date(nowMs).toISOString(),
    advance: (ms) => { nowMs += ms; },
    set: (ms) => { nowMs = ms; },
  };
}
