import { describe, expect, it } from '@jest/globals';
import { type GrowthRow } from './parts/growth';
import { type LoadRow } from './parts/load-rows';
import { evaluateTargets, type Figures, type Target } from './targets';

const row = (more: Partial<LoadRow>): LoadRow => ({
  system: 'holdfast', delayMs: 0, connections: 64, requestsPerS: 1_000, p50Ms: 5, p95Ms: 9,
  p99Ms: 12, addedP50Ms: 4, cpuSPer1000: {}, cpuSPer1000Total: 0, peakMb: {}, peakMbTotal: 0,
  errors: 0, rounds: 3, isDisturbed: false, log: null, ...more,
});
const nothing: Figures = { rows: [], halfRate: null, growth: null };
const find = (targets: Target[], what: string, kind: Target['kind']): Target => {
  const found = targets.find((each) => each.what.startsWith(what) && each.kind === kind);
  if (found === undefined) throw new Error(`no target ${what}`);
  return found;
};

describe('a target', () => {
  it('that was not measured is neither reached nor missed', () => {
    const targets = evaluateTargets(nothing);
    expect(targets.length).toBe(12);
    expect(new Set(targets.map(({ verdict }) => verdict))).toEqual(new Set(['not measured']));
  });

  it('that is a ratio is taken from the rows of one run', () => {
    const targets = evaluateTargets({
      ...nothing, rows: [row({ requestsPerS: 2_700 }), row({ system: 'portkey' })],
    });
    expect(find(targets, 'requests/s at 64', 'must')).toMatchObject({
      verdict: 'reached', figure: '2.7 × (2700 against 1000)',
    });
    expect(find(targets, 'requests/s at 64', 'aim').verdict).toBe('missed');
    expect(find(targets, 'requests/s at 256', 'must').verdict).toBe('not measured');
  });

  it('for latency counts the mode without delay only', () => {
    const targets = evaluateTargets({ ...nothing, rows: [
      row({ connections: 1, delayMs: 50, p50Ms: 55 }), row({ connections: 1, p50Ms: 6 }),
    ] });
    expect(find(targets, 'p50 at 1 connection', 'must').verdict).toBe('reached');
    expect(find(targets, 'p50 at 1 connection', 'aim').verdict).toBe('missed');
  });

  it('for memory counts the four services and not the servers', () => {
    const peakMb = { ingress: 200, router: 150, workers: 150, audit: 101, nats: 900 };
    const targets = evaluateTargets({ ...nothing, rows: [row({ connections: 256, peakMb })] });
    expect(find(targets, 'memory', 'must')).toMatchObject({ verdict: 'missed', figure: '601 MB' });
  });

  it('for start-up needs the ten million events it names', () => {
    const start = (events: number, startS: number): GrowthRow => ({
      events, startS, commits: 0, logMb: 0, firstStartS: 0, archivedEventsPerS: null,
      archivedAll: true, requestsPerS: 0, p50Ms: 0, p99Ms: 0, servicesMb: 0,
    });
    const verdict = (rows: GrowthRow[]): string => find(evaluateTargets({
      ...nothing, growth: { seconds: 5, connections: 64, rows },
    }), 'start-up', 'must').verdict;
    expect(verdict([start(0, 4), start(1_000_000, 5)])).toBe('not measured');
    expect(verdict([start(0, 4), start(10_000_000, 7.9)])).toBe('reached');
    expect(verdict([start(0, 4), start(10_000_000, 8.1)])).toBe('missed');
  });
});
