// Runs programs of the system, and signals processes of ours by their ids.
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

const execute = promisify(execFile);

/** @throws with what it said when it fails. */
export async function shell(program: string, ...args: readonly string[]): Promise<string> {
  return (await execute(program, args)).stdout;
}

/** A process and all below it, itself first. */
export async function processTree(pid: number): Promise<number[]> {
  const children = await shell('ps', '-o', 'pid=', '--ppid', String(pid)).catch(() => '');
  const below = await Promise.all(
    children.split('\n').map(Number).filter((child) => child > 0).map(processTree));
  return [pid, ...below.flat()];
}

/** How a log file ends. */
export async function lastLines(file: string): Promise<string> {
  return shell('tail', '-n', '12', file).catch((error: unknown) => String(error));
}

/** Whoever has ended by itself meanwhile needs no signal any more. */
export function signal(pids: readonly number[], name: NodeJS.Signals): void {
  for (const pid of pids) {
    try {
      process.kill(pid, name);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
    }
  }
}
