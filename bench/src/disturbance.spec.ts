import { describe, expect, it } from '@jest/globals';
import { processSecondsIn } from './disturbance';

describe('the time of all processes', () => {
  it('is user, nice and system time, without waiting and interrupts', () => {
    const text = 'cpu  1000 50 450 90000 12 0 300 0 0 0\ncpu0 500 25 225 45000 6 0 150 0 0 0\n';
    expect(processSecondsIn(text)).toBe(15);
  });
});
