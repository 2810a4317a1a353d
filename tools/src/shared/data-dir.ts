// Where things lie in the data directory.
import { mkdir } from 'node:fs/promises';
import path from 'node:path';

export interface DataDir {
  readonly root: string;
  /** Fetched binaries, where they cannot be kept beside the program. */
  readonly bin: string;
  readonly nats: string;
  readonly postgres: string;
  /** Files of mode 0600. */
  readonly secrets: string;
  /** What runs now: process ids, URLs, the lock. */
  readonly run: string;
  /** One log file per service. */
  readonly logs: string;
  /** Pids and URLs of all parts, for tools and tests. */
  readonly processesFile: string;
}

export const defaultDataDir = '.holdfast';

export function dataDirAt(dir: string): DataDir {
  const root = path.resolve(dir);
  const at = (...parts: string[]): string => path.join(root, ...parts);
  return {
    root, bin: at('bin'), nats: at('nats'), postgres: at('postgres'), secrets: at('secrets'),
    run: at('run'), logs: at('logs'), processesFile: at('run/processes.json'),
  };
}

/** Makes the folders; only the owner may look into those with secrets and data. */
export async function makeDataDir(dir: DataDir): Promise<void> {
  await mkdir(dir.root, { recursive: true, mode: 0o700 });
  for (const folder of [dir.nats, dir.postgres, dir.secrets, dir.run, dir.logs]) {
    await mkdir(folder, { recursive: true, mode: 0o700 });
  }
}
