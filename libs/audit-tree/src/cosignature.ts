// Cosignatures of witnesses (C2SP tlog-cosignature, its Ed25519 type): somebody else's word that a
// checkpoint continues every earlier one that he saw.
import { type NoteKey, type NoteSignature, type SignedNote, type VerifySignature } from './signed-note';
import { type Sha256 } from './tree-hash';

export interface Cosigned {
  readonly witness: NoteKey;
  /** Seconds since 1970, by the witness's clock. */
  readonly timeS: number;
}

/** The algorithm byte of Ed25519 cosignatures, in key ids and keys. */
const cosignature = 4;
const publicKeyBytes = 32;
const timestampBytes = 8;

export function witnessKey(sha256: Sha256, name: string, publicKey: Uint8Array): NoteKey {
  const hashed = sha256(Buffer.concat([Buffer.from(`${name}\n`), Buffer.from([cosignature]), publicKey]));
  return { name, id: Buffer.from(hashed.subarray(0, 4)).toString('hex'), publicKey };
}

export function witnessKeyText({ name, id, publicKey }: NoteKey): string {
  return `${name}+${id}+${Buffer.concat([Buffer.from([cosignature]), publicKey]).toString('base64')}`;
}

/** null: the text is no public key of a witness with Ed25519, or its id is not of its key. */
export function parseWitnessKey(sha256: Sha256, text: string): NoteKey | null {
  const [, name, id, encoded] = /^([^+\s]+)\+([0-9a-f]{8})\+([A-Za-z0-9+/=]+)$/.exec(text.trim()) ?? [];
  if (name === undefined || encoded === undefined) return null;
  const bytes = Buffer.from(encoded, 'base64');
  if (bytes[0] !== cosignature || bytes.length !== 1 + publicKeyBytes) return null;
  const key = witnessKey(sha256, name, bytes.subarray(1));
  return key.id === id ? key : null;
}

/** What a witness signs: the time and the checkpoint's text, with its last line break. */
export function cosignedMessage(text: string, timeS: number): Uint8Array {
  return Buffer.from(`cosignature/v1\ntime ${timeS}\n${text}`);
}

export function cosignatureOf(
  { name, id }: NoteKey, timeS: number, signature: Uint8Array,
): NoteSignature {
  const timestamp = Buffer.alloc(timestampBytes);
  timestamp.writeBigUInt64BE(BigInt(timeS));
  return { name, keyId: id, signature: Buffer.concat([timestamp, signature]) };
}

/** Of the witnesses of `keys` those whose cosignature is right, and those whose is wrong. */
export function cosignersOf(
  note: SignedNote, keys: readonly NoteKey[], verify: VerifySignature,
): { readonly right: readonly Cosigned[]; readonly wrong: readonly NoteKey[] } {
  const right: Cosigned[] = [];
  const wrong: NoteKey[] = [];
  for (const { name, keyId, signature } of note.signatures) {
    const witness = keys.find((known) => known.name === name && known.id === keyId);
    if (witness === undefined) continue;
    const bytes = Buffer.from(signature);
    const timeS = bytes.length > timestampBytes ? Number(bytes.readBigUInt64BE()) : NaN;
    const isRight = Number.isSafeInteger(timeS) && verify(
      witness.publicKey, cosignedMessage(note.text, timeS), bytes.subarray(timestampBytes));
    if (isRight) right.push({ witness, timeS });
    else wrong.push(witness);
  }
  return { right, wrong };
}
