// Tells whether a pid written down earlier is still the process we started, and stops it.
// Pids are reused, so a pid alone proves nothing: the command line must contain our marker.
import { readFile, rm, writeFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { runCommand } from './run-command';

export interface PidRecord {
  readonly pid: number;
  /** Text that only our process has in its command line, usually the path of its data. */
  readonly marker: string;
}

export async function writePidFile(file: string, record: PidRecord): Promise<void> {
  await writeFile(file, `${JSON.stringify(record)}\n`, { mode: 0o600 });
}

/** The record of a pid file, or null when there is none or it is half written. */
export async function readPidFile(file: string): Promise<PidRecord | null> {
  try {
    const { pid, marker } = JSON.parse(await readFile(file, 'utf8')) as Partial<PidRecord>;
    return typeof pid === 'number' && typeof marker === 'string' ? { pid, marker } : null;
  } catch {
    return null;
  }
}

/** Whether `pid` runs and is the process that `marker` belongs to. */
export async function isOurProcess({ pid, marker }: PidRecord): Promise<boolean> {
  if (pid === process.pid || !isAlive(pid)) return false;
  return (await commandLine(pid)).includes(marker);
}

/**
 * Stops what an earlier supervisor left behind, politely first.
 * @returns whether something was there to stop.
 */
export async function stopLeftover(
  file: string, options: { signal: NodeJS.Signals; graceMs: number },
): Promise<boolean> {
  const record = await readPidFile(file);
  const ours = record !== null && await isOurProcess(record);
  if (ours) await stopPid(record.pid, options);
  await rm(file, { force: true });
  return ours;
}

/** Signals `pid`, waits, and kills it when it does not go. */
export async function stopPid(
  pid: number, options: { signal: NodeJS.Signals; graceMs: number },
): Promise<void> {
  signalPid(pid, options.signal);
  if (await isGoneWithin(pid, options.graceMs)) return;
  signalPid(pid, 'SIGKILL');
  await isGoneWithin(pid, 5_000);
}

/** Whether a process with this pid exists. A zombie, dead but not yet collected, does not. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

async function isGoneWithin(pid: number, limitMs: number): Promise<boolean> {
  const pollMs = 50;
  for (let waitedMs = 0; waitedMs <= limitMs; waitedMs += pollMs) {
    if (!isAlive(pid) || (await commandLine(pid)) === '') return true;
    await sleep(pollMs);
  }
  return false;
}

function signalPid(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

/** Empty when the process is gone or a zombie. */
export async function commandLine(pid: number): Promise<string> {
  if (process.platform === 'linux') {
    return await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
  }
  const { stdout } = await runCommand('ps', ['-o', 'command=', '-p', String(pid)],
    { timeoutMs: 5_000 });
  return stdout.trim();
}
