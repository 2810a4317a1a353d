import { describe, expect, test } from '@jest/globals';
import { drawsOf } from '../seeded';
import { addValue, newSketch, quantile } from './sketch';

describe('a sketch', () => {
  test('knows no quantile while it is empty', () => {
    expect(quantile(newSketch(), 0.5)).toBeNull();
  });

  test('gives quantiles within a quarter of the exact ones', () => {
    const sketch = newSketch();
    const draws = drawsOf(7);
    const values = Array.from({ length: 5_000 }, () => 20 + 2_000 * draws() * draws());
    for (const value of values) addValue(sketch, value, 1_000, { halfLifeMs: 60_000 });
    values.sort((a, b) => a - b);
    for (const share of [0.1, 0.5, 0.9, 0.99]) {
      const exact = values[Math.floor(share * values.length)]!;
      expect(quantile(sketch, share)! / exact).toBeGreaterThan(0.75);
      expect(quantile(sketch, share)! / exact).toBeLessThan(1.25);
    }
  });

  test('forgets by half-lives, and follows what is new', () => {
    const sketch = newSketch();
    for (let count = 0; count < 100; count += 1) addValue(sketch, 100, 1_000, { halfLifeMs: 5_000 });
    for (let count = 0; count < 30; count += 1) addValue(sketch, 1_000, 11_000, { halfLifeMs: 5_000 });
    expect(sketch.total).toBe(25 + 30);
    expect(quantile(sketch, 0.5)).toBeGreaterThan(800);
  });

  test('is the same after JSON in the middle', () => {
    const whole = newSketch();
    let parts = newSketch();
    const draws = drawsOf(3);
    for (let count = 0; count < 500; count += 1) {
      const value = draws() * 5_000;
      addValue(whole, value, count * 100, { halfLifeMs: 5_000 });
      addValue(parts, value, count * 100, { halfLifeMs: 5_000 });
      if (count % 50 === 0) parts = JSON.parse(JSON.stringify(parts)) as typeof parts;
    }
    expect(parts).toEqual(whole);
  });
});
