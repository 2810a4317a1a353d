import { describe, expect, test } from '@jest/globals';
import { moveTimer, newTimers, takeDue } from './timers';

describe('timers', () => {
  test('fire once, not before their time and within a tenth of a second', () => {
    const timers = newTimers();
    takeDue(timers, 1_000);
    moveTimer(timers, 'a', null, 1_250);
    expect(takeDue(timers, 1_249)).toEqual([]);
    expect(takeDue(timers, 1_350)).toEqual(['a']);
    expect(takeDue(timers, 2_000)).toEqual([]);
  });

  test('that moved fire at their new time alone', () => {
    const timers = newTimers();
    moveTimer(timers, 'a', null, 1_000);
    moveTimer(timers, 'a', 1_000, 5_000);
    expect(takeDue(timers, 4_000)).toEqual([]);
    moveTimer(timers, 'a', 5_000, null);
    expect(takeDue(timers, 9_000)).toEqual([]);
  });

  test('set for a time that is past fire with the next look', () => {
    const timers = newTimers();
    takeDue(timers, 10_000);
    moveTimer(timers, 'a', null, 5_000);
    expect(takeDue(timers, 10_200)).toEqual(['a']);
  });

  test('a clock that jumps by years is looked through at once', () => {
    const timers = newTimers();
    takeDue(timers, 0);
    moveTimer(timers, 'b', null, 2_000);
    moveTimer(timers, 'a', null, 1_000);
    expect(takeDue(timers, 1e13)).toEqual(['a', 'b']);
  });
});
