// One closed-loop measurement of one system with everything that belongs to it: CPU seconds, peak
// memory and, where there is a log, what went through it and how long the rest took.
import { setTimeout as sleep } from 'node:timers/promises';
import { watchOthers } from '../disturbance';
import { round } from '../statistics';
import { type Stage } from '../systems/start-systems';
import { type LogFigures, type System, type Target } from '../systems/system';
import { cpuSecondsOf, peakMbOf, type Process, resetPeaks } from '../usage';
import { type ClosedLoopResult } from '../load/jobs';

export interface LogLoad {
  readonly eventsPerCommit: number;
  readonly appendsPerS: number;
  /** Behind when the load ended. */
  readonly archiveLagCommits: number;
  /** From the end of the load until everything was archived and no job was open. */
  readonly drainS: number;
}

export interface LoadFigures extends ClosedLoopResult {
  /** By process, over the settling time, the measurement and what was left to do after it. */
  readonly cpuSPer1000: Readonly<Record<string, number>>;
  readonly peakMb: Readonly<Record<string, number>>;
  readonly log?: LogLoad;
  /** Of the machine, used by processes that have nothing to do with this. */
  readonly othersPercent: number | null;
}

export interface LoadSpec {
  readonly system: System;
  readonly target: Target;
  readonly connections: number;
  readonly settleS: number;
  readonly seconds: number;
}

/** An archive that is not there by then does not keep up; the figure says so. */
const drainMaxS = 60;

export async function measureLoad(stage: Stage, spec: LoadSpec): Promise<LoadFigures> {
  const { system, target, connections, settleS, seconds } = spec;
  const processes = await system.processes();
  await resetPeaks(processes);
  const others = await watchOthers(distinct([...await stage.processes(), ...processes]));
  const cpuBefore = await cpuSecondsOf(processes);
  const logBefore = await system.logFigures?.();
  const result = await stage.load.run({ kind: 'closed', target, connections, settleS, seconds });
  const othersPercent = await others.percent();
  const logAfter = await system.logFigures?.();
  const drainS = await drained(system);
  const cpuAfter = await cpuSecondsOf(processes);
  const log = logBefore === undefined || logAfter === undefined ? {} : {
    log: { ...logLoad(logBefore, logAfter, settleS + seconds), drainS },
  };
  return {
    ...result, othersPercent,
    cpuSPer1000: perThousand(processes, { before: cpuBefore, after: cpuAfter }, result.allRequests),
    peakMb: await peakMbOf(processes),
    ...log,
  };
}

/** Waits until nothing of the load is left to do, so that the next one does not pay for it. */
export async function drained(system: System): Promise<number> {
  const startedMs = performance.now();
  const tookS = (): number => round((performance.now() - startedMs) / 1_000, 2);
  if (system.logFigures === undefined) return 0;
  while (tookS() < drainMaxS) {
    const { openJobs, archivedSequence, sequence } = await system.logFigures();
    if (openJobs === 0 && archivedSequence >= sequence) return tookS();
    await sleep(50);
  }
  return tookS();
}

/** One that is in two lists is one. */
function distinct(processes: readonly Process[]): Process[] {
  return [...new Map(processes.map((each) => [each.pid, each])).values()];
}

function logLoad(
  before: LogFigures, after: LogFigures, seconds: number,
): Omit<LogLoad, 'drainS'> {
  const commits = after.commits - before.commits;
  return {
    eventsPerCommit: round((after.events - before.events) / commits, 1),
    appendsPerS: round(commits / seconds),
    archiveLagCommits: after.sequence - after.archivedSequence,
  };
}

function perThousand(
  processes: readonly Process[],
  cpu: { before: Record<string, number>; after: Record<string, number> }, requests: number,
): Record<string, number> {
  return Object.fromEntries(processes.map(({ name }) => {
    const seconds = (cpu.after[name] ?? 0) - (cpu.before[name] ?? 0);
    return [name, round((seconds / requests) * 1_000, 4)];
  }));
}
