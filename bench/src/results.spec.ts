import { describe, expect, it } from '@jest/globals';
import { type GrowthRow } from './parts/growth';
import { mergeResults, type Results, resultsText } from './results';

const machine = { cpu: 'a', cores: 2, memoryGb: 24, system: 'Linux' };
const measured = { measuredAt: '2026-01-01T00:00:00.000Z', commit: 'abc', tookS: 1 };
const results = (parts: Results['parts'], more: Partial<Results> = {}): Results =>
  ({ machine, versions: { node: 'v20' }, parts, ...more });
const halfRate = (seconds: number) => ({ 'half-rate': { ...measured, seconds, rows: [] } });
const row = (events: number, startS: number): GrowthRow => ({
  events, startS, commits: 0, logMb: 0, firstStartS: 0, archivedEventsPerS: null,
  archivedAll: true, requestsPerS: 0, p50Ms: 0, p99Ms: 0, servicesMb: 0,
});
const growth = (rows: GrowthRow[]) =>
  ({ growth: { ...measured, seconds: 5, connections: 64, rows } });

describe('results', () => {
  it('keep the parts that were not measured again', () => {
    const merged = mergeResults(results(growth([row(0, 4)])), results(halfRate(10)));
    expect(Object.keys(merged.parts).sort()).toEqual(['growth', 'half-rate']);
  });

  it('replace a part that was', () => {
    const merged = mergeResults(results(halfRate(5)), results(halfRate(10)));
    expect(merged.parts['half-rate']?.seconds).toBe(10);
  });

  it('of another machine do not stay', () => {
    const other = { ...machine, cores: 8 };
    const merged = mergeResults(results(growth([]), { machine: other }), results(halfRate(10)));
    expect(Object.keys(merged.parts)).toEqual(['half-rate']);
  });

  it('keep each size of the log until it is measured again', () => {
    const before = results(growth([row(0, 4), row(10, 9)]));
    const { parts } = mergeResults(before, results(growth([row(10, 5), row(3, 1)])));
    expect(parts.growth?.rows.map(({ events, startS }) => [events, startS]))
      .toEqual([[0, 4], [3, 1], [10, 5]]);
  });

  it('are written so that they read back the same, with a small record in a line', () => {
    const rows = Array.from({ length: 5 }, (_, index) => row(index, 1));
    const saved = results(growth(rows));
    const text = resultsText(saved);
    expect(JSON.parse(text)).toEqual(saved);
    expect(text.split('\n').filter((line) => line.includes('"events"')).length).toBe(5);
  });
});
