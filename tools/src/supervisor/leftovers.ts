// Stops what a supervisor that was itself killed left running in this data directory.
import { readdir } from 'node:fs/promises';
import path from 'node:path';
import { stopLeftover } from '@libs/servers/process-identity';
import { type DataDir } from '../shared/data-dir';

/** NATS and Postgres look after theirs when they start; here it is about whole generations. */
export async function stopLeftovers(dir: DataDir): Promise<number> {
  const names = (await readdir(dir.run)).filter((name) => name.endsWith('.pid.json'));
  const stopped = await Promise.all(names.map((name) =>
    stopLeftover(path.join(dir.run, name), { signal: 'SIGTERM', graceMs: 3_000 })));
  return stopped.filter(Boolean).length;
}
