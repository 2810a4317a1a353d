// What is made of a run.
import { expect, test } from '@jest/globals';
import { figuresOf } from './measure';
import { type Seen } from './notes';
import { attempts, badNorth, request } from './seen-for-specs';

const figures = (seen: Partial<Seen>, scenario = badNorth) =>
  figuresOf(scenario, { requests: [], firstAttempts: [], usd: 0, ...seen }, 10);

test('trouble is detected in the first second of two that hardly ask the bad one first', () => {
  const firstAttempts = attempts([5, 5, 4, 0, 0, 1, 5]);
  expect(figures({ firstAttempts })).toMatchObject({ detectS: 1, badAfterDetection: 0 });
  expect(figures({ firstAttempts }).badShare).toBeCloseTo(4 / 30);
});

test('one second by chance is no detection, and who goes on asking never detects', () => {
  expect(figures({ firstAttempts: attempts([5, 5, 5, 0, 5, 5, 5]) }))
    .toMatchObject({ detectS: null, badAfterDetection: null });
});

test('attempts at a bad target between its bad times are not held against it', () => {
  const waves = {
    ...badNorth, spans: () => [{ fromMs: 1_000, toMs: 3_000 }, { fromMs: 5_000, toMs: 6_000 }],
  };
  expect(figures({ firstAttempts: attempts([5, 0, 0, 5, 5, 1, 5]) }, waves))
    .toMatchObject({ detectS: 0, badShare: 1 / 30, badAfterDetection: 1 / 30 });
});

test('it has returned with half of its configured share', () => {
  expect(figures({ firstAttempts: attempts([5, 5, 0, 0, 0, 0, 2, 3, 5, 5]) }).returnS).toBe(2);
  expect(figures({ firstAttempts: attempts([5, 5, 0, 0, 0, 0, 1, 1]) }).returnS).toBeNull();
});

test('a bad key is told from the good keys of its provider', () => {
  const badKey = { ...badNorth, bad: [{ provider: 'north', key: 'nn02' } as const] };
  expect(figures({ firstAttempts: attempts([5, 5, 5, 5, 5, 5]) }, badKey).badShare).toBe(0);
  expect(figures({ firstAttempts: attempts([5, 5, 5, 5, 5, 5], 'nn02') }, badKey).badShare)
    .toBe(0.5);
});

test('added latency is what comes on top of the length of the answers', () => {
  const requests = [
    request(0, { outputTokens: 10, endedMs: 110 }),
    // Twenty tokens at 100 a second: 200 ms of its own, 300 ms lost on a detour.
    request(3_000, { outputTokens: 20, endedMs: 3_510 }),
  ];
  expect(figures({ requests })).toMatchObject({ addedP50Ms: 300, troubleP50Ms: 510 });
});

test('what was not answered counts in no latency, is counted by reason, and ends some time', () => {
  const failed = { answered: false, reason: '503 overloaded', endedMs: 99_999 };
  const requests = [request(0), request(5_500, failed), request(6_000, failed), request(7_000)];
  expect(figures({ requests })).toMatchObject({
    requests: 4, answered: 2, p99Ms: 110, unanswered: { '503 overloaded': 2 }, answeredAgainS: 1,
  });
});

test('trouble without a time before it has nothing to be compared with', () => {
  const cold = { ...badNorth, spans: () => [{ fromMs: 0, toMs: 10_000 }] };
  expect(figures({ requests: [request(0)], firstAttempts: attempts([5, 0, 0]) }, cold))
    .toMatchObject({ addedP50Ms: null, detectS: 1, returnS: null, answeredAgainS: null });
});

test('the timeline has requests, unanswered ones and first attempts at the bad one by second', () => {
  const requests = [request(0), request(1_200, { answered: false, reason: 'x' })];
  expect(figures({ requests, firstAttempts: attempts([5, 2]) }).timeline)
    .toEqual([[1, 0, 5], [1, 1, 2]]);
});
