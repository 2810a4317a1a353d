// The key that signs checkpoints: PKCS #8 in a file of mode 0600, and its public half beside it, in a
// file that keeps the public keys of former ones, too.
import { createPrivateKey, generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import { appendFile, link, mkdir, readFile, unlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { type NoteKey, noteKey, noteKeyText, noteText, parseNoteKey } from '@libs/audit-tree/signed-note';
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
