// Where things lie: this program is dist/bench/*.js below the repository.
import { mkdir, mkdtemp } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../..');

export const at = (...parts: string[]): string => path.join(root, ...parts);

/** Fetched servers, shared with `npm start`. */
export const binDir = at('.holdfast/bin');

/**
 * A folder for one system's data, on the disk that `npm start` uses: a temporary folder may lie in
 * memory, where a disk sync costs nothing.
 */
export async function newDataDir(name: string): Promise<string> {
  const parent = at('.holdfast/bench');
  await mkdir(parent, { recursive: true, mode: 0o700 });
  return await mkdtemp(path.join(parent, `${name}-`));
}
