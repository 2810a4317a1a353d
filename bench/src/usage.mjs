// CPU seconds and memory of processes, from /proc (Linux; elsewhere the columns stay empty).
import { readFile } from 'node:fs/promises';
import { execFileSync } from 'node:child_process';

const ticksPerSecond = 100; // USER_HZ, 100 on every Linux that Node runs on

/** User and system CPU seconds of a process so far, with its children's; null where unknown. */
export async function cpuSeconds(pid) {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => null);
  if (stat === null) return null;
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) / ticksPerSecond;
}

/** Postgres serves each connection from a process of its own: all of them together. */
export async function cpuSecondsOfTree(pid) {
  const own = await cpuSeconds(pid);
  if (own === null) return null;
  const children = childrenOf(pid);
  const rest = await Promise.all(children.map(cpuSecondsOfTree));
  return rest.reduce((sum, seconds) => sum + (seconds ?? 0), own);
}

/** Resident memory in MB now; null where unknown. */
export async function residentMb(pid) {
  const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => null);
  const line = status?.match(/^VmHWM:\s+(\d+) kB/m);
  return line === null || line === undefined ? null : Math.round(Number(line[1]) / 1024);
}

function childrenOf(pid) {
  try {
    return execFileSync('ps', ['-o', 'pid=', '--ppid', String(pid)], { encoding: 'utf8' })
      .split('\n').map(Number).filter((child) => child > 0);
  } catch {
    return []; // no children: ps ends with 1
  }
}
