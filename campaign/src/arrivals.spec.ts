// Traffic from the trace.
import { expect, test } from '@jest/globals';
import { arrivalsOf } from './arrivals';

const trace = (offsetsS: readonly number[]): string => [
  'TIMESTAMP,ContextTokens,GeneratedTokens',
  ...offsetsS.map((s) => `2023-11-16 18:15:${String(s).padStart(2, '0')}.1234567,${1_000 + s},400`),
].join('\n');

test('arrivals fill the time at the pace that is asked for, and bursts stay bursts', () => {
  const arrivals = arrivalsOf(trace([0, 1, 1, 1, 8, 10]), { perSecond: 1, seconds: 5, seed: 7 });
  expect(arrivals.map(({ atMs }) => atMs)).toEqual([0, 500, 500, 500, 4_000]);
});

test('token counts are those of the trace, answers a quarter as long', () => {
  const [first] = arrivalsOf(trace([0, 1, 2]), { perSecond: 1, seconds: 2, seed: 7 });
  expect(first).toMatchObject({ promptTokens: 1_000, outputTokens: 100 });
});

test('half of them are streamed, and one seed says the same ones', () => {
  const csv = trace(Array.from({ length: 41 }, (_, index) => index));
  for (const seed of [0, 1, 7]) {
    const pace = { perSecond: 8, seconds: 5, seed };
    const streams = arrivalsOf(csv, pace).map(({ stream }) => stream);
    expect(streams.filter((stream) => stream)).toHaveLength(20);
    expect(arrivalsOf(csv, pace).map(({ stream }) => stream)).toEqual(streams);
  }
});

test('a trace that is too short is refused', () => {
  expect(() => arrivalsOf(trace([0, 1, 2]), { perSecond: 1, seconds: 3, seed: 7 }))
    .toThrow('fewer than 3 arrivals');
});
