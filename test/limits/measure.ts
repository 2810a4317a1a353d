// Figures of a limits run: memory of every process from /proc, quantiles, and lines for people.
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { monitorEventLoopDelay } from 'node:perf_hooks';
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

export interface Second {
  readonly atMs: number;
  /** Longest time its event loop was late by, the ingress's and our own. */
  readonly ingressLateMs: number;
  readonly ownLateMs: number;
}

/** Looks each second how late the event loops are. Returns the function that ends it. */
export function watchEventLoops(holdfast: Holdfast): () => Second[] {
  const seconds: Second[] = [];
  const own = monitorEventLoopDelay({ resolution: 10 });
  own.enable();
  const timer = setInterval(() => {
    const atMs = performance.now();
    const ownLateMs = Math.round(own.max / 1e6);
    own.reset();
    void ingressLateMs(holdfast).then((late) => {
      seconds.push({ atMs, ingressLateMs: late, ownLateMs });
    });
  }, 1_000);
  return () => {
    clearInterval(timer);
    own.disable();
    return seconds;
  };
}

/** Since it was last asked. */
async function ingressLateMs(holdfast: Holdfast): Promise<number> {
  const text = await (await fetch(`${holdfast.url}/metrics`)).text();
  const value = /^nodejs_eventloop_lag_max_seconds\S* (\S+)$/m.exec(text)?.[1];
  return Math.round(Number(value) * 1_000);
}

/** Connections that found no place in the queue of a listening socket, on this machine so far. */
export async function listenOverflows(): Promise<number> {
  const lines = (await readFile('/proc/net/netstat', 'utf8')).split('\n')
    .filter((line) => line.startsWith('TcpExt:'));
  const [names, values] = lines.map((line) => line.split(' ')) as [string[], string[]];
  return Number(values[names.indexOf('ListenOverflows')]);
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

/** Linux counts CPU in hundredths of a second, whatever its clock. */
const ticksPerS = 100;

/** Of this process, and of a server with those that it started. */
export async function cpuSeconds(server: number | null): Promise<number> {
  const { user, system } = process.cpuUsage();
  let ticks = 0;
  for (const name of await readdir('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    // A process may have ended since.
    const stat = await readFile(`/proc/${name}/stat`, 'utf8').catch(() => '');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    const isOurs = Number(name) === server || Number(fields[1]) === server;
    if (isOurs) ticks += [11, 12, 13, 14].reduce((sum, at) => sum + Number(fields[at] ?? 0), 0);
  }
  return (user + system) / 1e6 + ticks / ticksPerS;
}
