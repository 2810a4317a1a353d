// Makes the data directory of our own PostgreSQL, once: cluster, password, database.
import { randomBytes } from 'node:crypto';
import { access, mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { Fault } from '@libs/faults/faults';
import { type PostgresBinaries } from './postgres-binaries';
import { runCommand } from './run-command';

export interface PostgresData {
  readonly dataDir: string;
  readonly password: string;
}

export const postgresUser = 'holdfast';
export const postgresDatabase = 'holdfast';

/** One second where it was measured; a slow disk may need many. */
const initTimeoutMs = 120_000;

/** Carries on with what is there. An interrupted first time leaves nothing that counts. */
export async function preparePostgresData(
  dir: string, binaries: PostgresBinaries, prefix: readonly string[],
): Promise<PostgresData> {
  await mkdir(dir, { recursive: true, mode: 0o700 });
  const dataDir = path.resolve(dir, 'data');
  const passwordFile = path.resolve(dir, 'password');
  if (await exists(path.join(dataDir, 'PG_VERSION'))) {
    return { dataDir, password: (await readFile(passwordFile, 'utf8')).trim() };
  }
  await removeUnfinished(dir);
  const password = randomBytes(24).toString('base64url');
  await writeFile(passwordFile, `${password}\n`, { mode: 0o600 });
  const unfinished = path.resolve(dir, `unfinished-${process.pid}`);
  const run = runner(binaries, prefix);
  await run(binaries.initdb, [
    '-D', unfinished, '-U', postgresUser, `--pwfile=${passwordFile}`, '--auth=scram-sha-256',
    '--encoding=UTF8', '--locale=C', '--no-instructions',
  ], '');
  await run(binaries.postgres, ['--single', '-D', unfinished, 'postgres'],
    `CREATE DATABASE ${postgresDatabase}\n`);
  await rename(unfinished, dataDir);
  return { dataDir, password };
}

type Run = (program: string, args: readonly string[], stdin: string) => Promise<void>;

function runner(binaries: PostgresBinaries, prefix: readonly string[]): Run {
  return async (program, args, stdin) => {
    const [command = '', ...words] = [...prefix, program, ...args];
    const { code, stderr } = await runCommand(command, words, {
      stdin, timeoutMs: initTimeoutMs, env: { ...process.env, ...binaries.env },
    });
    if (code !== 0) {
      throw new Fault('server_missing', `${path.basename(program)} failed:\n${stderr.trim()}`);
    }
  };
}

async function removeUnfinished(dir: string): Promise<void> {
  for (const name of await readdir(dir)) {
    if (!name.startsWith('unfinished-')) continue;
    await rm(path.join(dir, name), { recursive: true, force: true });
  }
}

async function exists(file: string): Promise<boolean> {
  return await access(file).then(() => true, () => false);
}
