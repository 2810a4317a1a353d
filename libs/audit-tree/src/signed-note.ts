// Signed notes as C2SP signed-note describes them, with Ed25519: a text, an empty line, and lines of
// signatures, each with the name and id of its key.
import { type Sha256 } from './tree-hash';

/** A key that notes are checked with. */
export interface NoteKey {
  readonly name: string;
  /** Eight hexadecimal digits. */
  readonly id: string;
  /** 32 bytes. */
  readonly publicKey: Uint8Array;
}

export interface NoteSignature {
  readonly name: string;
  readonly keyId: string;
  readonly signature: Uint8Array;
}

export interface SignedNote {
  /** With its last line break: what is signed. */
  readonly text: string;
  readonly signatures: readonly NoteSignature[];
}

export type VerifySignature = (publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array) => boolean;

const ed25519 = 1;
const keyIdBytes = 4;
const publicKeyBytes = 32;
const signatureStart = '— ';

export function noteKey(sha256: Sha256, name: string, publicKey: Uint8Array): NoteKey {
  const hashed = sha256(Buffer.concat([Buffer.from(`${name}\n`), Buffer.from([ed25519]), publicKey]));
  return { name, id: Buffer.from(hashed.subarray(0, keyIdBytes)).toString('hex'), publicKey };
}

/** The usual text of a public key: name, id and key, with plus signs between. */
export function noteKeyText({ name, id, publicKey }: NoteKey): string {
  return `${name}+${id}+${Buffer.concat([Buffer.from([ed25519]), publicKey]).toString('base64')}`;
}

/** null: the text is no public key, or its id is not of its key. */
export function parseNoteKey(sha256: Sha256, text: string): NoteKey | null {
  // The key itself may have plus signs in it, the name may not.
  const [, name, id, encoded] = /^([^+\s]+)\+([0-9a-f]{8})\+([A-Za-z0-9+/=]+)$/.exec(text.trim()) ?? [];
  if (name === undefined || encoded === undefined) return null;
  const bytes = Buffer.from(encoded, 'base64');
  if (bytes[0] !== ed25519 || bytes.length !== 1 + publicKeyBytes) return null;
  const key = noteKey(sha256, name, bytes.subarray(1));
  return key.id === id ? key : null;
}

export function noteText({ text, signatures }: SignedNote): string {
  return `${text}\n${signatures.map(signatureLine).join('')}`;
}

function signatureLine({ name, keyId, signature }: NoteSignature): string {
  const bytes = Buffer.concat([Buffer.from(keyId, 'hex'), signature]);
  return `${signatureStart}${name} ${bytes.toString('base64')}\n`;
}

/** null: no signed note. */
export function parseNote(note: string): SignedNote | null {
  const split = note.lastIndexOf('\n\n');
  if (split < 1 || !note.endsWith('\n')) return null;
  const signatures = parseSignatures(note.slice(split + 2));
  return signatures === null ? null : { text: note.slice(0, split + 1), signatures };
}

/** Lines of signatures, each with its line break; null: something else. */
export function parseSignatures(lines: string): readonly NoteSignature[] | null {
  const signatures: NoteSignature[] = [];
  for (const line of lines.slice(0, -1).split('\n')) {
    const [, name, encoded] = /^— (\S+) ([A-Za-z0-9+/]+={0,2})$/.exec(line) ?? [];
    if (name === undefined || encoded === undefined) return null;
    const bytes = Buffer.from(encoded, 'base64');
    if (bytes.length <= keyIdBytes) return null;
    signatures.push({
      name, keyId: bytes.toString('hex', 0, keyIdBytes), signature: bytes.subarray(keyIdBytes),
    });
  }
  return signatures;
}

/** The key of these that signed the note; null: none did, or one's signature is wrong. */
export function signerOf(
  note: SignedNote, keys: readonly NoteKey[], verify: VerifySignature,
): NoteKey | null {
  let signer: NoteKey | null = null;
  for (const { name, keyId, signature } of note.signatures) {
    const key = keys.find((known) => known.name === name && known.id === keyId);
    // Signatures by others (witnesses) are for those who know them.
    if (key === undefined) continue;
    if (!verify(key.publicKey, Buffer.from(note.text), signature)) return null;
    signer ??= key;
  }
  return signer;
}
