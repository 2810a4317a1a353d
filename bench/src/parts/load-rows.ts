// From the samples of the main part to one row per system and mode: medians over the rounds.
import { disturbedPercent } from '../disturbance';
import { median, medianByName, round, sumOf } from '../statistics';
import { type LoadResult, type LoadSample } from './load';
import { type LogLoad } from './measure-load';

export interface LoadRow {
  readonly system: string;
  readonly delayMs: number;
  readonly connections: number;
  readonly requestsPerS: number;
  readonly p50Ms: number;
  readonly p95Ms: number;
  readonly p99Ms: number;
  /** p50 less the simulator's own in the same mode; null where that was not measured. */
  readonly addedP50Ms: number | null;
  readonly cpuSPer1000: Readonly<Record<string, number>>;
  readonly cpuSPer1000Total: number;
  readonly peakMb: Readonly<Record<string, number>>;
  readonly peakMbTotal: number;
  /** Over all rounds. */
  readonly errors: number;
  readonly rounds: number;
  /** No round was free of others' work: the figures are too low or too high. */
  readonly isDisturbed: boolean;
  readonly log: LogLoad | null;
}

export function loadRows({ samples }: Pick<LoadResult, 'samples'>): LoadRow[] {
  const modes = new Map<string, LoadSample[]>();
  for (const sample of samples) {
    const mode = `${sample.delayMs} ${sample.connections} ${sample.system}`;
    modes.set(mode, [...modes.get(mode) ?? [], sample]);
  }
  const rows = [...modes.values()].map(rowOf);
  return rows.map((row) => ({ ...row, addedP50Ms: addedTo(row, rows) }));
}

export function findRow(
  rows: readonly LoadRow[], system: string, connections: number, delayMs = 0,
): LoadRow | null {
  return rows.find((row) => row.system === system && row.connections === connections
    && row.delayMs === delayMs) ?? null;
}

/** Rounds in which others used the machine count only where there are no other ones. */
function rowOf(all: readonly LoadSample[]): LoadRow {
  const { system, delayMs, connections } = all[0] as LoadSample;
  const calm = all.filter(({ othersPercent }) => (othersPercent ?? 0) <= disturbedPercent);
  const samples = calm.length === 0 ? all : calm;
  const middle = (pick: (sample: LoadSample) => number, digits: number): number =>
    round(median(samples.map(pick)), digits);
  const cpuSPer1000 = medianByName(samples.map((sample) => sample.cpuSPer1000), 3);
  const peakMb = medianByName(samples.map((sample) => sample.peakMb), 0);
  return {
    system, delayMs, connections,
    requestsPerS: middle((sample) => sample.requestsPerS, 0),
    p50Ms: middle((sample) => sample.p50Ms, 2),
    p95Ms: middle((sample) => sample.p95Ms, 2),
    p99Ms: middle((sample) => sample.p99Ms, 2),
    addedP50Ms: null,
    cpuSPer1000, cpuSPer1000Total: round(sumOf(cpuSPer1000), 3),
    peakMb, peakMbTotal: sumOf(peakMb),
    errors: all.reduce((sum, { errors }) => sum + errors, 0),
    rounds: samples.length, isDisturbed: calm.length === 0,
    log: logOf(samples),
  };
}

function logOf(samples: readonly LoadSample[]): LogLoad | null {
  const logs = samples.flatMap(({ log }) => log ?? []);
  if (logs.length === 0) return null;
  const middle = (pick: (log: LogLoad) => number, digits: number): number =>
    round(median(logs.map(pick)), digits);
  return {
    eventsPerCommit: middle((log) => log.eventsPerCommit, 1),
    appendsPerS: middle((log) => log.appendsPerS, 0),
    archiveLagCommits: middle((log) => log.archiveLagCommits, 0),
    drainS: middle((log) => log.drainS, 1),
  };
}

function addedTo(row: LoadRow, rows: readonly LoadRow[]): number | null {
  const direct = findRow(rows, 'simulator', row.connections, row.delayMs);
  return direct === null ? null : round(row.p50Ms - direct.p50Ms, 2);
}
