// The public keys that checkpoints are held against: named ones, else those of the data directory; and
// those of witnesses.
import { access } from 'node:fs/promises';
import path from 'node:path';
import { parseWitnessKey } from '@libs/audit-tree/cosignature';
import { type NoteKey, parseNoteKey } from '@libs/audit-tree/signed-note';
import { sha256 } from '@libs/checkpoints/ed25519';
import { publicKeysFileName, readPublicKeys } from '@libs/checkpoints/signing-key';
import { Failure } from '../shared/failure';

/** @throws Failure for what is neither a key nor a file of keys. */
export async function trustedKeys(
  named: string | undefined, secretsDir: string | null,
): Promise<NoteKey[]> {
  if (named === undefined) {
    return secretsDir === null ? [] : readPublicKeys(path.join(secretsDir, publicKeysFileName));
  }
  const key = parseNoteKey(sha256, named);
  if (key !== null) return [key];
  const isFile = await access(named).then(() => true, () => false);
  if (!isFile) throw new Failure(`"${named}" is neither a public key (name+id+key) nor a file of them.`);
  const keys = await readPublicKeys(named);
  if (keys.length === 0) throw new Failure(`There is no public key in "${named}".`);
  return keys;
}

/** @throws Failure for what is no key of a witness. */
export function witnessKeys(texts: readonly string[]): NoteKey[] {
  return texts.map((text) => {
    const key = parseWitnessKey(sha256, text);
    if (key !== null) return key;
    throw new Failure(`"${text}" is no public key of a witness (name+id+key, Ed25519 cosignatures).`);
  });
}
