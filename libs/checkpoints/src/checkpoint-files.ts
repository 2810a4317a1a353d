// Checkpoints as files of a directory, which may be a mounted write-once bucket: each is written in
// one go under its final name, and never changed.
import { mkdir, open, readdir, readFile } from 'node:fs/promises';
import path from 'node:path';

const ending = '.checkpoint';
/** Sizes up to 2^53: names sort as numbers. */
const digits = 16;

export function checkpointFileName(size: number): string {
  return `${String(size).padStart(digits, '0')}${ending}`;
}

/** @throws Error EEXIST when another text is there. */
export async function writeCheckpointFile(
  directory: string, size: number, note: string,
): Promise<void> {
  await mkdir(directory, { recursive: true });
  const file = path.join(directory, checkpointFileName(size));
  try {
    const handle = await open(file, 'wx', 0o644);
    try {
      await handle.writeFile(note);
      await handle.sync();
    } finally {
      await handle.close();
    }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    if (await readFile(file, 'utf8') !== note) throw error;
  }
}

/** Names of all checkpoint files, smallest tree first; none when there is no directory. */
export async function listCheckpointFiles(directory: string): Promise<string[]> {
  try {
    const names = await readdir(directory);
    return names.filter((name) => name.endsWith(ending)).sort().map((name) => path.join(directory, name));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}
