// One supervisor per data directory: two would write the same log.
import { open, readFile, rm } from 'node:fs/promises';
import path from 'node:path';
import { commandLine, isOurProcess, type PidRecord } from '@libs/servers/process-identity';
import { Failure } from '../shared/failure';

/** Resolves with the function that gives the lock back. @throws Failure when it is taken. */
export async function lockDataDir(runDir: string): Promise<() => Promise<void>> {
  const file = path.join(runDir, 'up.lock');
  // Its whole command line tells this process from a stranger that got its pid later.
  const mine: PidRecord = { pid: process.pid, marker: await commandLine(process.pid) };
  while (!await create(file, JSON.stringify(mine))) {
    const other = await holder(file);
    if (other !== null && await isOurProcess(other)) {
      throw new Failure(`Holdfast is already running with this data directory (process ${
        other.pid}). Stop it first, or give this one its own --data-dir.`);
    }
    await rm(file, { force: true });
  }
  return () => rm(file, { force: true });
}

async function create(file: string, text: string): Promise<boolean> {
  try {
    const handle = await open(file, 'wx', 0o600);
    await handle.writeFile(text);
    await handle.close();
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

/** Null when it is gone or was never finished. */
async function holder(file: string): Promise<PidRecord | null> {
  try {
    return JSON.parse(await readFile(file, 'utf8')) as PidRecord;
  } catch {
    return null;
  }
}
