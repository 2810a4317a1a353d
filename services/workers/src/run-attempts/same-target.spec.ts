// Pauses before a candidate is called again.
import { describe, expect, test } from '@jest/globals';
import { pauseBeforeMs } from './same-target';

describe('the pause before another call', () => {
  test('doubles from call to call, give or take a half', () => {
    for (const [calls, aboutMs] of [[1, 100], [2, 200], [3, 400]] as const) {
      for (let seed = 0; seed < 200; seed += 1) {
        const ms = pauseBeforeMs(calls, seed);
        expect(ms).toBeGreaterThanOrEqual(aboutMs * 0.5);
        expect(ms).toBeLessThanOrEqual(aboutMs * 1.5);
      }
    }
  });
  test('is not the same for all jobs that one failure hit', () => {
    const pauses = Array.from({ length: 200 }, (_, seed) => pauseBeforeMs(1, seed));
    expect(new Set(pauses).size).toBeGreaterThan(50);
  });
  test('is the same for one decision', () => {
    expect(pauseBeforeMs(2, 4_294_967_295)).toBe(pauseBeforeMs(2, 4_294_967_295));
  });
});
