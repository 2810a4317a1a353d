// CPU seconds and peak memory of processes, from /proc. Linux; elsewhere there are no figures.
import { readdir, readFile, writeFile } from 'node:fs/promises';

/** One process of a system; `tree`: with all its children (Postgres has one per connection). */
export interface Process {
  readonly name: string;
  readonly pid: number;
  readonly tree?: boolean;
}

/** USER_HZ: 100 on every Linux that Node runs on. */
const ticksPerS = 100;

/** User and system CPU seconds so far, by name. */
export async function cpuSecondsOf(processes: readonly Process[]): Promise<Record<string, number>> {
  const parents = await parentPids(processes);
  const pairs = await Promise.all(processes.map(async ({ name, pid, tree }) => {
    const pids = tree === true ? withChildren(pid, parents) : [pid];
    const ticks = await Promise.all(pids.map((each) => ticksOf(each, tree === true)));
    return [name, ticks.reduce((sum, value) => sum + value, 0) / ticksPerS] as const;
  }));
  return Object.fromEntries(pairs);
}

/** Starts peaks anew, so that `peakMbOf` is about what happens from now on. */
export async function resetPeaks(processes: readonly Process[]): Promise<void> {
  await Promise.all(processes.map(({ pid }) =>
    // Not allowed for processes of another user: their peak is then since their start.
    writeFile(`/proc/${pid}/clear_refs`, '5').catch(() => undefined)));
}

/** Highest resident memory since the last reset; of a tree the shares (Pss) it has now. */
export async function peakMbOf(processes: readonly Process[]): Promise<Record<string, number>> {
  const parents = await parentPids(processes);
  const pairs = await Promise.all(processes.map(async ({ name, pid, tree }) => {
    if (tree !== true) return [name, await kilobytes(`/proc/${pid}/status`, 'VmHWM')] as const;
    const shares = withChildren(pid, parents)
      .map((each) => kilobytes(`/proc/${each}/smaps_rollup`, 'Pss'));
    return [name, (await Promise.all(shares)).reduce((sum, value) => sum + value, 0)] as const;
  }));
  return Object.fromEntries(pairs.map(([name, kb]) => [name, Math.round(kb / 1024)]));
}

/** Resident memory now. */
export async function residentMbOf(
  processes: readonly Process[],
): Promise<Record<string, number>> {
  const pairs = await Promise.all(processes.map(async ({ name, pid }) =>
    [name, Math.round(await kilobytes(`/proc/${pid}/status`, 'VmRSS') / 1024)] as const));
  return Object.fromEntries(pairs);
}

async function ticksOf(pid: number, withEnded: boolean): Promise<number> {
  const fields = await statFields(pid);
  // utime and stime, then those of children that have ended.
  const wanted = withEnded ? fields.slice(11, 15) : fields.slice(11, 13);
  return wanted.reduce((sum, text) => sum + Number(text), 0);
}

/** The fields after the command's name, which may contain anything; none when it is gone. */
async function statFields(pid: number): Promise<string[]> {
  const text = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
  return text.slice(text.lastIndexOf(')') + 2).split(' ').filter((field) => field !== '');
}

async function kilobytes(file: string, name: string): Promise<number> {
  const text = await readFile(file, 'utf8').catch(() => '');
  return Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(text)?.[1] ?? 0);
}

/** Parent of every process, read once; nothing is read when no tree is asked for. */
async function parentPids(processes: readonly Process[]): Promise<ReadonlyMap<number, number>> {
  const parents = new Map<number, number>();
  if (!processes.some(({ tree }) => tree === true)) return parents;
  const names = await readdir('/proc').catch(() => []);
  await Promise.all(names.filter((name) => /^\d+$/.test(name)).map(async (name) => {
    const [, parent] = await statFields(Number(name));
    if (parent !== undefined) parents.set(Number(name), Number(parent));
  }));
  return parents;
}

function withChildren(pid: number, parents: ReadonlyMap<number, number>): number[] {
  const found = [pid];
  // Grows while it is walked: children of children are found too.
  for (const each of found) {
    for (const [child, parent] of parents) if (parent === each) found.push(child);
  }
  return found;
}
