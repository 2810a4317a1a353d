// The key that signs checkpoints: PKCS #8 in a file of mode 0600, and its public half beside it, in a
// file that keeps the public keys of former ones, too. While one replaces another, both sign.
import { createPrivateKey, generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import {
  appendFile, link, mkdir, readdir, readFile, rename, unlink, writeFile,
} from 'node:fs/promises';
import path from 'node:path';
import {
  type NoteKey, noteKey, noteKeyText, noteText, parseNote, parseNoteKey,
} from '@libs/audit-tree/signed-note';
import { Fault } from '@libs/faults/faults';
import { rawPublicKey, sha256 } from './ed25519';

export interface SigningKey extends NoteKey {
  /** The signed note of a text. */
  signed(text: string): string;
}

export const keyFileName = 'audit-key.pem';
export const publicKeysFileName = 'audit-key.pub';

/** @throws Fault settings_invalid when the file is not there or holds something else. */
export async function readSigningKey(file: string, origin: string): Promise<SigningKey> {
  let key: KeyObject;
  try {
    key = createPrivateKey(await readFile(file));
  } catch (error) {
    throw new Fault('settings_invalid', `no key to sign checkpoints in ${file}: ${String(error)}`, {
      cause: error,
    });
  }
  const publicKey = rawPublicKey(key);
  if (publicKey === undefined) throw new Fault('settings_invalid', `the key in ${file} is not an Ed25519 key`);
  return withKey(key, noteKey(sha256, origin, publicKey));
}

/** The key of a folder for secrets; made there by the first that asks. */
export async function keptSigningKey(folder: string, origin: string): Promise<SigningKey> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const file = path.join(folder, keyFileName);
  const made = generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' });
  const unfinished = `${file}.${process.pid}`;
  await writeFile(unfinished, made, { mode: 0o600 });
  try {
    // Whole or not at all, and never in the place of one that is there.
    await link(unfinished, file);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  } finally {
    await unlink(unfinished);
  }
  return readSigningKey(file, origin);
}

/** `audit-key.until-20261231T120000Z.pem`: signs beside the present key until then. */
const formerName = /^audit-key\.until-(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z\.pem$/;

/** What signs a checkpoint now: the key of the folder, and former ones whose time is not over. */
export async function signingKeysNow(
  folder: string, origin: string, nowMs: number,
): Promise<{ readonly key: SigningKey; readonly former: readonly SigningKey[] }> {
  const key = await keptSigningKey(folder, origin);
  const former: SigningKey[] = [];
  for (const name of (await readdir(folder)).filter((one) => formerName.test(one)).sort()) {
    const file = path.join(folder, name);
    if (untilMs(name) > nowMs) former.push(await readSigningKey(file, origin));
    // What may not sign any more is not kept: a stolen copy of the folder cannot sign with it.
    else await unlink(file);
  }
  return { key, former };
}

/**
 * Makes a new key; the present one signs beside it until `untilMs`, so that who has only the former
 * public key can go on verifying meanwhile. @throws Fault settings_invalid
 */
export async function rotateSigningKey(
  folder: string, origin: string, untilMs: number,
): Promise<{ readonly key: SigningKey; readonly former: SigningKey }> {
  const former = await keptSigningKey(folder, origin);
  await keepPublicKey(folder, former);
  const stamp = new Date(untilMs).toISOString().replace(/[-:]|\.\d+/g, '');
  await rename(path.join(folder, keyFileName), path.join(folder, `audit-key.until-${stamp}.pem`));
  const key = await keptSigningKey(folder, origin);
  await keepPublicKey(folder, key);
  return { key, former };
}

/** Notes of the present key with the signatures of the others below its own. */
export function signingWith(key: SigningKey, others: readonly SigningKey[]): SigningKey {
  if (others.length === 0) return key;
  return {
    ...key,
    signed: (text) => noteText({
      text,
      signatures: [key, ...others].flatMap((one) => parseNote(one.signed(text))?.signatures ?? []),
    }),
  };
}

function untilMs(name: string): number {
  const [, year, month, day, hour, minute, second] = formerName.exec(name) ?? [];
  return Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`);
}

/** Notes a public key in a file that verifiers read: what former keys signed still counts. */
export async function keepPublicKey(folder: string, key: NoteKey): Promise<void> {
  const file = path.join(folder, publicKeysFileName);
  const known = await readPublicKeys(file);
  if (known.some(({ name, id }) => name === key.name && id === key.id)) return;
  await appendFile(file, `${noteKeyText(key)}\n`, { mode: 0o600 });
}

/** The public keys of a file, one a line; none when there is no file. @throws Fault settings_invalid */
export async function readPublicKeys(file: string): Promise<NoteKey[]> {
  let text = '';
  try {
    text = await readFile(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
  return text.split('\n').filter((line) => line.trim() !== '').map((line) => {
    const key = parseNoteKey(sha256, line);
    if (key === null) throw new Fault('settings_invalid', `${file} has a line that is no public key`);
    return key;
  });
}

function withKey(privateKey: KeyObject, key: NoteKey): SigningKey {
  return {
    ...key,
    signed: (text) => {
      const signature = sign(null, Buffer.from(text), privateKey);
      return noteText({ text, signatures: [{ name: key.name, keyId: key.id, signature }] });
    },
  };
}
