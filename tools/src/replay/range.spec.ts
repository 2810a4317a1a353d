import { expect, it } from '@jest/globals';
import { rangeOf } from './range';

const commit = { sequence: 100, appendedAtMs: Date.UTC(2026, 10, 26, 10) };

it('a range takes sequences and times, both ends belong to it', () => {
  expect(rangeOf({})(commit)).toBe(true);
  expect(rangeOf({ from: '100', to: '100' })(commit)).toBe(true);
  expect(rangeOf({ from: '101' })(commit)).toBe(false);
  expect(rangeOf({ from: '2026-11-26T10:00Z' })(commit)).toBe(true);
  expect(rangeOf({ to: '2026-11-26T09:59Z' })(commit)).toBe(false);
});

it('what is neither is refused with what it takes', () => {
  expect(() => rangeOf({ from: 'yesterday' })).toThrow('--from takes a sequence (1200) or a time');
});
