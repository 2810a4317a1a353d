// Runs a program of the system and gives what it printed.
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
