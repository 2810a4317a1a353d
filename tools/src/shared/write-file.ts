// Writes small files so that a reader sees the old or the new text, never a half.
import { rename, writeFile } from 'node:fs/promises';

export async function replaceFile(file: string, text: string): Promise<void> {
  const unfinished = `${file}.${process.pid}`;
  await writeFile(unfinished, text, { mode: 0o600 });
  await rename(unfinished, file);
}
