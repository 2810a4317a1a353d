// How much of the machine was used by others while something was measured: what all processes used,
// less what ours did. Linux; elsewhere nobody knows.
import { readFile } from 'node:fs/promises';
import { cpus } from 'node:os';
import { round, sumOf } from './statistics';
import { cpuSecondsOf, type Process } from './usage';

/** Above this share of the machine (percent) a measurement counts as disturbed. */
export const disturbedPercent = 8;

export interface Disturbance {
  /** Percent of the machine since it was begun; null where it cannot be told. */
  readonly percent: () => Promise<number | null>;
}

/** @param ours every process that takes part; the same ones until the end. */
export async function watchOthers(ours: readonly Process[]): Promise<Disturbance> {
  const named = ours.map((each, index) => ({ ...each, name: String(index) }));
  const startedMs = performance.now();
  const before = await othersSeconds(named);
  return {
    percent: async () => {
      const after = await othersSeconds(named);
      if (before === null || after === null) return null;
      const machineS = ((performance.now() - startedMs) / 1_000) * cpus().length;
      return Math.max(0, round(((after - before) / machineS) * 100, 1));
    },
  };
}

async function othersSeconds(ours: readonly Process[]): Promise<number | null> {
  const text = await readFile('/proc/stat', 'utf8').catch(() => null);
  if (text === null) return null;
  const all = processSecondsIn(text);
  return all - sumOf(await cpuSecondsOf(ours));
}

/** User, nice and system time of all processors; interrupts belong to nobody. */
export function processSecondsIn(procStat: string): number {
  const [, user = '0', nice = '0', system = '0'] = /^cpu +(\d+) (\d+) (\d+)/.exec(procStat) ?? [];
  return (Number(user) + Number(nice) + Number(system)) / 100;
}
