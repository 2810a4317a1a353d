// What was promised of the figures, and whether it was reached. Ratios are taken within one run.
import { findRow, type LoadRow } from './parts/load-rows';
import { type GrowthResult } from './parts/growth';
import { type HalfRateResult } from './parts/half-rate';
import { round } from './statistics';

export interface Figures {
  readonly rows: readonly LoadRow[];
  readonly halfRate: HalfRateResult | null;
  readonly growth: GrowthResult | null;
}

export interface Target {
  readonly what: string;
  readonly kind: 'must' | 'aim';
  readonly wanted: string;
  /** In words; null: not measured. */
  readonly figure: string | null;
  readonly verdict: 'reached' | 'missed' | 'not measured';
}

const services = ['ingress', 'router', 'workers', 'audit'];
/** The machine the aim for requests/s was written for. */
const fastDirectPerS = 40_000;

export function evaluateTargets(figures: Figures): Target[] {
  const { rows } = figures;
  const p50 = (system: string): number | null => findRow(rows, system, 1)?.p50Ms ?? null;
  return [
    ...timesPortkey(rows, 64, [['must', 2.5], ['aim', 4]]),
    ...timesPortkey(rows, 256, [['must', 4], ['aim', 6]]),
    atMost('p50 at 1 connection', 'must', 6, [p50('holdfast'), 'ms']),
    atMost('p50 at 1 connection', 'aim', 4, [p50('holdfast'), 'ms']),
    atMost('p50 at 1 connection without fsync', 'must', 3, [p50('holdfast-nofsync'), 'ms']),
    atMost('p50 at 1 connection without fsync', 'aim', 2, [p50('holdfast-nofsync'), 'ms']),
    requestsPerSAim(rows),
    atMost('p99 at half of the highest rate', 'must', 25, [halfRateP99(figures.halfRate), 'ms']),
    startUp(figures.growth),
    atMost('memory of the four services at 256 connections', 'must', 600, [memoryMb(rows), 'MB']),
  ];
}

function timesPortkey(
  rows: readonly LoadRow[], connections: number,
  wanted: readonly (readonly ['must' | 'aim', number])[],
): Target[] {
  const ours = findRow(rows, 'holdfast', connections);
  const theirs = findRow(rows, 'portkey', connections);
  const times = ours === null || theirs === null
    ? null : round(ours.requestsPerS / theirs.requestsPerS, 2);
  return wanted.map(([kind, least]) => ({
    what: `requests/s at ${connections} connections, times Portkey's`, kind,
    wanted: `≥ ${least} ×`,
    figure: times === null ? null
      : `${times} × (${ours?.requestsPerS} against ${theirs?.requestsPerS})`,
    verdict: verdictOf(times, (value) => value >= least),
  }));
}

/** An absolute figure: it means something where the simulator alone is fast enough. */
function requestsPerSAim(rows: readonly LoadRow[]): Target {
  const ours = findRow(rows, 'holdfast', 256)?.requestsPerS ?? null;
  const direct = findRow(rows, 'simulator', 256)?.requestsPerS ?? null;
  return {
    what: `requests/s at 256 connections, where the simulator alone does ${fastDirectPerS}`,
    kind: 'aim', wanted: '≥ 5000/s',
    figure: ours === null || direct === null
      ? null : `${ours}/s; the simulator alone does ${direct}/s here`,
    verdict: verdictOf(ours, (value) => value >= 5_000),
  };
}

function halfRateP99(halfRate: HalfRateResult | null): number | null {
  return halfRate?.rows.find(({ system }) => system === 'holdfast')?.p99Ms ?? null;
}

function startUp(growth: GrowthResult | null): Target {
  const empty = growth?.rows.find(({ events }) => events === 0)?.startS;
  const full = growth?.rows.find(({ events }) => events >= 10_000_000)?.startS;
  const times = empty === undefined || full === undefined ? null : round(full / empty, 2);
  return {
    what: 'start-up with 10 million events, times that with none', kind: 'must', wanted: '≤ 2 ×',
    figure: times === null ? null : `${times} × (${full} s against ${empty} s)`,
    verdict: verdictOf(times, (value) => value <= 2),
  };
}

function memoryMb(rows: readonly LoadRow[]): number | null {
  const row = findRow(rows, 'holdfast', 256);
  return row === null ? null
    : services.reduce((sum, name) => sum + (row.peakMb[name] ?? 0), 0);
}

/** A figure that must not be larger. */
function atMost(
  what: string, kind: 'must' | 'aim', most: number, figure: [number | null, string],
): Target {
  const [value, unit] = figure;
  return {
    what, kind, wanted: `≤ ${most} ${unit}`,
    figure: value === null ? null : `${value} ${unit}`,
    verdict: verdictOf(value, (each) => each <= most),
  };
}

function verdictOf(value: number | null, isReached: (value: number) => boolean): Target['verdict'] {
  if (value === null || Number.isNaN(value)) return 'not measured';
  return isReached(value) ? 'reached' : 'missed';
}
