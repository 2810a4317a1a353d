import { describe, expect, it } from '@jest/globals';
import { latencyOf, median, medianByName, percentile, sumOf } from './statistics';

describe('a percentile', () => {
  const hundred = Array.from({ length: 100 }, (_, index) => index + 1);

  it('is the nearest rank', () => {
    expect(percentile(hundred, 0.5)).toBe(50);
    expect(percentile(hundred, 0.95)).toBe(95);
    expect(percentile(hundred, 0.99)).toBe(99);
    expect(percentile([7], 0.99)).toBe(7);
  });

  it('of nothing is not a number, so that it cannot pass for a fast answer', () => {
    expect(percentile([], 0.5)).toBeNaN();
    expect(latencyOf([]).p50Ms).toBeNaN();
  });
});

describe('a median', () => {
  it('does not depend on the order, nor on one wild round', () => {
    expect(median([3, 1, 900])).toBe(3);
    expect(median([4, 1, 2, 3])).toBe(2.5);
  });

  it('compares numbers, not their text', () => {
    expect(median([10, 9, 100])).toBe(10);
  });

  it('is taken name by name', () => {
    expect(medianByName([{ a: 1, b: 5 }, { a: 3 }, { a: 2, b: 7 }], 1)).toEqual({ a: 2, b: 6 });
  });
});

describe('latency', () => {
  it('keeps parts of a millisecond', () => {
    expect(latencyOf([1.25, 0.75, 1])).toEqual({
      p50Ms: 1, p95Ms: 1.25, p99Ms: 1.25, meanMs: 1,
    });
  });
});

describe('a sum', () => {
  it('is over all parts', () => {
    expect(sumOf({ ingress: 1.5, router: 2 })).toBe(3.5);
    expect(sumOf({})).toBe(0);
  });
});
