// Figures of a limits run: memory of every process from /proc, quantiles, and lines for people.
import { readFile, writeFile } from 'node:fs/promises';
import { type Holdfast, type PartName } from '../support/holdfast';

const parts: readonly PartName[] = ['ingress', 'router', 'workers', 'audit', 'nats', 'postgres'];

/** Peak of the resident memory of each part since `forgetPeaks`, in MB. */
export async function peaksMb(holdfast: Holdfast): Promise<Partial<Record<PartName, number>>> {
  const processes = await holdfast.processes();
  const peaks: Partial<Record<PartName, number>> = {};
  for (const part of parts) {
    const pid = processes[part]?.pid;
    if (pid === undefined) continue;
    const status = await readFile(`/proc/${pid}/status`, 'utf8');
    const kb = /^VmHWM:\s+(\d+) kB$/m.exec(status)?.[1];
    peaks[part] = Math.round(Number(kb) / 1024);
  }
  return peaks;
}

/** From now on peaks are of what comes. */
export async function forgetPeaks(holdfast: Holdfast): Promise<void> {
  const processes = await holdfast.processes();
  for (const part of parts) {
    const pid = processes[part]?.pid;
    if (pid !== undefined) await writeFile(`/proc/${pid}/clear_refs`, '5');
  }
}

export function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return Math.round(sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0);
}

export function spread(values: readonly number[]): string {
  return `p50 ${quantile(values, 0.5)} ms, p99 ${quantile(values, 0.99)} ms, longest ${
    quantile(values, 1)} ms (${values.length})`;
}

/** Shown at once, past the test runner. */
export function tell(text: string): void {
  process.stderr.write(`  ${text}\n`);
}

export const pause = (ms: number): Promise<void> =>
  new Promise((resolve) => setTimeout(resolve, ms));
