import { describe, expect, test } from '@jest/globals';
import { type Breaker, breakerAt, newBreaker, tellBreaker } from './breaker';
import { defaultRules } from './rules';

const startMs = Date.UTC(2026, 0, 1);
const rules = defaultRules;

function tell(breaker: Breaker, atMs: number, failed: boolean, startedAtMs = atMs): void {
  tellBreaker(breaker, { failed, startedAtMs }, atMs, rules);
}

function opened(): Breaker {
  const breaker = newBreaker();
  for (let count = 0; count < 5; count += 1) tell(breaker, startMs, true);
  return breaker;
}

describe('a breaker', () => {
  test('opens after five failures in a row, not after four', () => {
    const breaker = newBreaker();
    for (let count = 0; count < 4; count += 1) tell(breaker, startMs, true);
    expect(breakerAt(breaker, startMs, rules).kind).toBe('closed');
    tell(breaker, startMs, true);
    expect(breakerAt(breaker, startMs, rules)).toEqual({ kind: 'open', untilMs: startMs + 5_000 });
  });

  test('opens when half of enough calls fail, and not of fewer', () => {
    const breaker = newBreaker();
    for (let count = 0; count < 9; count += 1) tell(breaker, startMs + count, count % 2 === 0);
    expect(breakerAt(breaker, startMs, rules).kind).toBe('closed');
    tell(breaker, startMs + 9, true);
    expect(breakerAt(breaker, startMs + 9, rules).kind).toBe('open');
  });

  test('of a target that fails a fifth of its calls takes more in a row', () => {
    const breaker = newBreaker();
    for (let count = 0; count < 100; count += 1) tell(breaker, startMs, count % 5 === 0);
    for (let count = 0; count < 8; count += 1) tell(breaker, startMs, true);
    expect(breakerAt(breaker, startMs, rules).kind).toBe('closed');
    tell(breaker, startMs, true);
    expect(breakerAt(breaker, startMs, rules).kind).toBe('open');
  });

  test('forgets failures that are older than its window', () => {
    const breaker = newBreaker();
    for (let count = 0; count < 4; count += 1) {
      tell(breaker, startMs, true);
      tell(breaker, startMs, false);
    }
    const laterMs = startMs + 90_000;
    for (let count = 0; count < 9; count += 1) tell(breaker, laterMs, count < 4);
    expect(breakerAt(breaker, laterMs, rules).kind).toBe('closed');
  });

  test('lets one through when its time is over, two after a success, and closes after three', () => {
    const breaker = opened();
    const laterMs = startMs + 5_000;
    expect(breakerAt(breaker, laterMs, rules)).toEqual({ kind: 'half_open', calls: 1 });
    tell(breaker, laterMs + 10, false);
    expect(breakerAt(breaker, laterMs + 10, rules)).toEqual({ kind: 'half_open', calls: 2 });
    tell(breaker, laterMs + 20, false);
    tell(breaker, laterMs + 30, false);
    expect(breakerAt(breaker, laterMs + 30, rules)).toEqual({ kind: 'closed', warm: 0 });
    expect(breakerAt(breaker, laterMs + 30 + rules.slowStartMs / 2, rules)).toEqual({ kind: 'closed', warm: 0.5 });
    expect(breakerAt(breaker, laterMs + 60_000, rules)).toEqual({ kind: 'closed', warm: 1 });
  });

  test('opens for longer each time a probe fails, up to its most', () => {
    const breaker = opened();
    const open: number[] = [];
    let atMs = startMs;
    for (let count = 0; count < 6; count += 1) {
      const state = breakerAt(breaker, atMs, rules);
      if (state.kind !== 'open') throw new Error(`is ${state.kind}`);
      open.push(state.untilMs - atMs);
      atMs = state.untilMs + 1;
      tell(breaker, atMs, true);
    }
    expect(open).toEqual([5_000, 10_000, 20_000, 40_000, 60_000, 60_000]);
  });

  test('learns nothing of calls that began before it opened', () => {
    const breaker = opened();
    tell(breaker, startMs + 6_000, true, startMs - 1);
    expect(breakerAt(breaker, startMs + 6_000, rules).kind).toBe('half_open');
    for (let count = 0; count < 5; count += 1) tell(breaker, startMs + 6_000, false, startMs - 1);
    expect(breakerAt(breaker, startMs + 6_000, rules)).toEqual({ kind: 'half_open', calls: 1 });
  });

  test('a success of a call that was let through while open is better news than its timer', () => {
    const breaker = opened();
    tell(breaker, startMs + 1_000, false);
    expect(breakerAt(breaker, startMs + 1_000, rules)).toEqual({ kind: 'half_open', calls: 2 });
  });

  test('is forgiven its past after five minutes without trouble', () => {
    const breaker = opened();
    for (let count = 0; count < 3; count += 1) tell(breaker, startMs + 5_000, false);
    const laterMs = startMs + 400_000;
    for (let count = 0; count < 5; count += 1) tell(breaker, laterMs, true);
    expect(breakerAt(breaker, laterMs, rules)).toEqual({ kind: 'open', untilMs: laterMs + 5_000 });
  });
});
