// Where this program lies, and where it keeps what every data directory may share.
import { access, constants, mkdir } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

/** The folder that holds dist/: this very program is dist/tools/holdfast.js. */
export function programRoot(): string {
  const inDist = /^(.*)[\\/]dist[\\/]tools[\\/]/.exec(process.argv[1] ?? '')?.[1];
  return inDist ?? path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../../..');
}

/**
 * Fetched binaries are the same for every data directory, so they are kept once beside the program;
 * in the data directory where that cannot be written.
 */
export async function binDir(dataDirBin: string): Promise<string> {
  const shared = path.join(programRoot(), '.holdfast/bin');
  try {
    await mkdir(shared, { recursive: true });
    await access(shared, constants.W_OK);
    return shared;
  } catch {
    await mkdir(dataDirBin, { recursive: true });
    return dataDirBin;
  }
}
