// What is expected of scenarios, and that each can be seen to fail.
import { expect, test } from '@jest/globals';
import { type Figures } from '../figures/figures';
import { figuresOf } from '../figures/measure';
import { badNorth } from '../figures/seen-for-specs';
import { atLeast, detected, noSlower, returned, together } from './expectations';
import { configuredShare } from './scenario';
import { scenarios } from './table';

const good: Figures = {
  ...figuresOf(badNorth, { requests: [], firstAttempts: [], usd: 0 }, 10),
  requests: 10_000, answered: 9_999, detectS: 1, badAfterDetection: 0.01, returnS: 3,
};

test('four nines of ten thousand are missed by two unanswered requests', () => {
  expect(atLeast(0.9999)(good, good)).toEqual([]);
  expect(atLeast(0.9999)({ ...good, answered: 9_998 }, good))
    .toEqual(['9998 of 10000 were answered, at least 99.99 % are expected']);
});

test('detection that is late, missing or without effect is a finding', () => {
  const expectation = detected(2, 0.05);
  expect(expectation(good, good)).toEqual([]);
  expect(expectation({ ...good, detectS: 3 }, good)).toEqual(['detected after 3 s, not within 2 s']);
  expect(expectation({ ...good, detectS: null }, good)).toEqual(['detected never, not within 2 s']);
  expect(expectation({ ...good, badAfterDetection: 0.06 }, good)[0]).toMatch(/^6\.0 % of first/);
});

test('findings of several expectations come together', () => {
  const expectation = together(returned(), noSlower);
  const slower = { ...good, returnS: null, p50Ms: 2 };
  expect(expectation(slower, { ...good, p50Ms: 1 }))
    .toEqual(['it did not get half its share back', 'p50 is 2 ms, 1 ms in the other mode']);
});

test('scenarios have names of their own, and trouble ends within a run unless it never does', () => {
  expect(new Set(scenarios.map(({ name }) => name)).size).toBe(scenarios.length);
  for (const { spans, callers, quietS = 0 } of scenarios) {
    const seconds = 20 + quietS;
    if (callers !== undefined) continue;
    for (const { fromMs, toMs } of spans(seconds)) {
      expect([fromMs < toMs, toMs <= seconds * 1_000]).toEqual([true, true]);
    }
  }
});

test('the configured share of a bad key is its part of its provider', () => {
  expect(configuredShare(badNorth)).toBe(0.5);
  expect(configuredShare({ ...badNorth, bad: [{ provider: 'north', key: 'nn02' }] })).toBe(0.25);
});
