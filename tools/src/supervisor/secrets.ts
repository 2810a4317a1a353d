// The secrets of one machine: made on the first start, kept in files of mode 0600. One that is given
// in the environment is used as it is and never written down.
import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { formatKey, keyBytes } from '@libs/governance/key-format';
import { type Environment } from '@libs/settings/environment';
import { replaceFile } from '../shared/write-file';

export interface KeptSecret {
  readonly value: string;
  /** Null: it came from the environment. */
  readonly file: string | null;
}

export interface Secrets {
  readonly adminToken: KeptSecret;
  readonly masterKey: KeptSecret;
  /** Value of the first virtual key. */
  readonly bootstrapKey: KeptSecret;
  /** Password of the NATS user of that name. */
  readonly natsPassword: (user: string) => string;
}

/** 32 bytes: as strong as the hash functions they go through. */
const secretBytes = 32;

export async function ensureSecrets(
  secretsDir: string, env: Environment, natsUsers: readonly string[],
): Promise<Secrets> {
  const keep = async (
    variable: string, name: string, make: () => string = randomSecret,
  ): Promise<KeptSecret> => {
    const given = env[variable];
    if (given !== undefined && given !== '') return { value: given, file: null };
    const file = path.join(secretsDir, name);
    return { value: await readOrMake(file, make), file };
  };
  const passwords = await natsPasswords(path.join(secretsDir, 'nats-users.json'), natsUsers);
  return {
    adminToken: await keep('HOLDFAST_ADMIN_TOKEN', 'admin-token', () => `hfa-${randomSecret()}`),
    masterKey: await keep('HOLDFAST_MASTER_KEY', 'master-key'),
    bootstrapKey: await keep('HOLDFAST_BOOTSTRAP_KEY', 'first-key',
      () => formatKey(randomBytes(keyBytes))),
    natsPassword: (user) => {
      const password = passwords[user];
      if (password === undefined) throw new Error(`there is no NATS user ${user}`);
      return password;
    },
  };
}

async function natsPasswords(
  file: string, users: readonly string[],
): Promise<Record<string, string>> {
  const text = await readOrNull(file);
  const kept = text === null ? {} : JSON.parse(text) as Record<string, string>;
  const missing = users.filter((user) => kept[user] === undefined);
  if (missing.length === 0) return kept;
  const all = { ...kept, ...Object.fromEntries(missing.map((user) => [user, randomSecret()])) };
  await replaceFile(file, `${JSON.stringify(all, null, 2)}\n`);
  return all;
}

async function readOrMake(file: string, make: () => string): Promise<string> {
  const present = (await readOrNull(file))?.trim();
  if (present !== undefined && present !== '') return present;
  const value = make();
  await replaceFile(file, `${value}\n`);
  return value;
}

async function readOrNull(file: string): Promise<string | null> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
}

/** Safe in URLs and configuration files as it is. */
export function randomSecret(): string {
  return randomBytes(secretBytes).toString('base64url');
}
