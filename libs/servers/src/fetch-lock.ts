// Lets one process at a time fetch into a folder; the others wait and find what it fetched.
import { mkdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { isAlive } from './process-identity';

/** A fetch is bounded well below this; an older lock belongs to a process that froze. */
const staleAfterMs = 5 * 60_000;

/** Making a folder is atomic everywhere, which is all that a lock needs. */
export async function withFetchLock<T>(folder: string, work: () => Promise<T>): Promise<T> {
  await mkdir(folder, { recursive: true });
  const lock = path.join(folder, '.fetching');
  while (!await take(lock)) {
    await breakWhenStale(lock);
    await sleep(200);
  }
  try {
    return await work();
  } finally {
    await rm(lock, { recursive: true, force: true });
  }
}

async function take(lock: string): Promise<boolean> {
  try {
    await mkdir(lock);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
  await writeFile(path.join(lock, 'pid'), String(process.pid));
  return true;
}

async function breakWhenStale(lock: string): Promise<void> {
  const ageMs = await stat(lock).then((stats) => Date.now() - stats.mtimeMs, () => 0);
  const pid = Number(await readFile(path.join(lock, 'pid'), 'utf8').catch(() => '0'));
  // A lock without its pid is being taken right now, unless its maker died in between.
  const dead = pid > 0 ? !isAlive(pid) : ageMs > 5_000;
  if (dead || ageMs > staleAfterMs) await rm(lock, { recursive: true, force: true });
}
