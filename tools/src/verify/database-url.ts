// The archive of a running Holdfast: named in the environment, else our own of the data directory.
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { postgresUser } from '@libs/servers/postgres-data';
import { type Environment } from '@libs/settings/environment';
import { type AccessFlags, dirOf, processes } from '../shared/access';
import { Failure } from '../shared/failure';

/** @throws Failure saying what to set. */
export async function archiveUrl(flags: AccessFlags, env: Environment): Promise<string> {
  const named = env['DATABASE_URL'];
  if (named !== undefined && named !== '') return named;
  const dir = dirOf(flags, env);
  const url = (await processes(dir))?.['postgres']?.url;
  if (url === undefined) {
    throw new Failure('Do not know the archive: give DATABASE_URL, or start it with `holdfast up`.');
  }
  const password = (await readFile(path.join(dir.postgres, 'password'), 'utf8')).trim();
  return url.replace('//', `//${postgresUser}:${encodeURIComponent(password)}@`);
}
