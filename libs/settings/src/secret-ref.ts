// Reads the secret that a reference names: `env:NAME` or `file:/path`. References are what the log
// keeps; the value exists only here and where it is used.
import { readFileSync } from 'node:fs';
import type { Environment } from './environment';
import { Secret } from './secret';

/** Raised when a reference leads nowhere. Its message names the reference, never a value. */
export class SecretUnavailable extends Error {
  constructor(ref: string, why: string) {
    super(`${ref}: ${why}`);
    this.name = 'SecretUnavailable';
  }
}

/**
 * The value behind `ref`, read now: a variable of this process or a file (its surrounding white
 * space is left out, since editors end files with a line break).
 * @throws SecretUnavailable
 */
export function resolveSecret(ref: string, environment: Environment = process.env): Secret {
  const [scheme, name] = [ref.slice(0, ref.indexOf(':')), ref.slice(ref.indexOf(':') + 1)];
  if (scheme === 'env') return fromVariable(ref, environment[name]);
  if (scheme === 'file') return fromFile(ref, name);
  throw new SecretUnavailable('secret', 'a reference begins with env: or file:');
}

function fromVariable(ref: string, value: string | undefined): Secret {
  if (value === undefined || value.trim() === '') {
    throw new SecretUnavailable(ref, 'this variable is not set');
  }
  return new Secret(value.trim());
}

function fromFile(ref: string, path: string): Secret {
  let text: string;
  try {
    text = readFileSync(path, 'utf8').trim();
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? 'unreadable';
    throw new SecretUnavailable(ref, `the file cannot be read (${code})`);
  }
  if (text === '') throw new SecretUnavailable(ref, 'the file is empty');
  return new Secret(text);
}
