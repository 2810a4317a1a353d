// How a command reaches a running Holdfast: what it is told by flags and environment, else what the
// data directory of this machine knows.
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { type Environment } from '@libs/settings/environment';
import { resolveSecret } from '@libs/settings/secret-ref';
import { dataDirAt, defaultDataDir, type DataDir } from './data-dir';
import { Failure } from './failure';

export interface AccessFlags {
  readonly url?: string;
  readonly key?: string;
  /** Of an administrator; `env:NAME` and `file:/path` are read. */
  readonly token?: string;
  readonly dataDir?: string;
}

export interface Access {
  /** Of the API. */
  readonly url: string;
  /** A virtual key. */
  readonly key: string;
}

/** @throws Failure saying what to set. */
export async function apiAccess(flags: AccessFlags, env: Environment): Promise<Access> {
  const dir = dirOf(flags, env);
  return {
    url: await apiUrl(flags, env),
    key: flags.key ?? given(env, 'HOLDFAST_KEY') ?? given(env, 'HOLDFAST_BOOTSTRAP_KEY')
      ?? await secret(dir, 'first-key')
      ?? fail('a key', '--key or HOLDFAST_KEY'),
  };
}

export async function adminAccess(
  flags: AccessFlags, env: Environment,
): Promise<{ url: string; token: string }> {
  return {
    url: await apiUrl(flags, env),
    token: tokenOf(flags, env) ?? await secret(dirOf(flags, env), 'admin-token')
      ?? fail('an admin token', '--token or HOLDFAST_ADMIN_TOKEN'),
  };
}

/** A token on a command line is seen by everybody on the machine; a reference is not. */
function tokenOf({ token }: AccessFlags, env: Environment): string | undefined {
  const named = token ?? given(env, 'HOLDFAST_ADMIN_TOKEN');
  if (named === undefined || !/^(env|file):/.test(named)) return named;
  return resolveSecret(named, env).reveal();
}

/** URL with the credentials of a user that may read the log. */
export async function natsUrl(flags: AccessFlags, env: Environment): Promise<string> {
  const named = given(env, 'NATS_ADMIN_URL') ?? given(env, 'NATS_URL');
  if (named !== undefined) return named;
  const dir = dirOf(flags, env);
  const url = (await processes(dir))?.['nats']?.url;
  const passwords = await secret(dir, 'nats-users.json');
  if (url === undefined || passwords === undefined) return fail('the log', 'NATS_URL');
  const { admin = '' } = JSON.parse(passwords) as Record<string, string>;
  return url.replace('//', `//admin:${encodeURIComponent(admin)}@`);
}

type Processes = Partial<Record<string, { pid: number; url: string }>>;

/** What runs in a data directory; null when nothing does. */
export async function processes(dir: DataDir): Promise<Processes | null> {
  try {
    return JSON.parse(await readFile(dir.processesFile, 'utf8')) as Processes;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
}

export function dirOf(flags: AccessFlags, env: Environment): DataDir {
  return dataDirAt(flags.dataDir ?? given(env, 'HOLDFAST_DATA_DIR') ?? defaultDataDir);
}

async function apiUrl(flags: AccessFlags, env: Environment): Promise<string> {
  const named = flags.url ?? given(env, 'HOLDFAST_URL');
  const url = named ?? (await processes(dirOf(flags, env)))?.['ingress']?.url;
  if (url !== undefined) return url.replace(/\/+$/, '');
  return fail('a running Holdfast', '--url or HOLDFAST_URL, or start one with `holdfast up`');
}

async function secret(dir: DataDir, name: string): Promise<string | undefined> {
  return await readFile(path.join(dir.secrets, name), 'utf8')
    .then((text) => text.trim(), () => undefined);
}

function given(env: Environment, name: string): string | undefined {
  const value = env[name];
  return value === '' ? undefined : value;
}

function fail(what: string, remedy: string): never {
  throw new Failure(`Do not know ${what}: give ${remedy}.`);
}
