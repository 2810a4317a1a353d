// Checks a bundle by itself: the checkpoint's signature, and of each event that it stands in the
// signed tree.
import { type Checkpoint, parseCheckpoint } from '@libs/audit-tree/checkpoint';
import { type NoteKey, parseNote, parseNoteKey, signerOf } from '@libs/audit-tree/signed-note';
import { leafHash } from '@libs/audit-tree/tree-hash';
import { verifyInclusion } from '@libs/audit-tree/verify-proof';
import { sha256, verifyEd25519 } from '@libs/checkpoints/ed25519';
import { type Bundle, type BundledEvent, bundleShape } from './bundle';
import { type Problem, problem } from './problem';

export interface BundleChecked {
  readonly events: number;
  readonly checkpoint: Checkpoint | null;
  readonly key: NoteKey | null;
  /** Whether the key is one that the caller trusts, and not only the bundle's own word. */
  readonly trusted: boolean;
  /** Its event lines follow each other: none may be missing in between. */
  readonly gapless: boolean;
  readonly problems: readonly Problem[];
}

/** `trusted` empty: the bundle's own key is taken, which proves nothing of who signed. */
export function checkBundle(text: string, trusted: readonly NoteKey[]): BundleChecked {
  const bundle = readBundle(text);
  if (bundle === null) return failed('it is no bundle of format holdfast-bundle/1 or /2');
  const signed = checkSignature(bundle, trusted);
  if ('problems' in signed) return signed;
  const problems = [
    ...checkOrder(bundle), ...bundle.events.flatMap((event) => checkEvent(event, signed.checkpoint)),
  ];
  return { ...signed, gapless: bundle.about.job === undefined, events: bundle.events.length, problems };
}

export interface SignatureChecked {
  readonly checkpoint: Checkpoint;
  readonly key: NoteKey;
  readonly trusted: boolean;
}

/** Whether the checkpoint is one, and signed by a key that may be believed. */
export function checkSignature(
  bundle: { readonly public_key: string; readonly checkpoint: string }, trusted: readonly NoteKey[],
): SignatureChecked | BundleChecked {
  const own = parseNoteKey(sha256, bundle.public_key);
  if (own === null) return failed('its public key is none');
  const note = parseNote(bundle.checkpoint);
  const checkpoint = note === null ? null : parseCheckpoint(note.text);
  if (note === null || checkpoint === null) return failed('its checkpoint is none', 'checkpoint');
  // Two keys sign while one replaces the other: which of them the bundle names is not what counts.
  const keys = trusted.length > 0 ? trusted : [own];
  const isSigner = (key: NoteKey): boolean =>
    note.signatures.some(({ name, keyId }) => name === key.name && keyId === key.id);
  if (!isSigner(own)) {
    return failed(`it names ${own.name} ${own.id} as its key, which did not sign it`, 'signature');
  }
  if (!keys.some(isSigner)) {
    const signers = note.signatures.map(({ name, keyId }) => `${name} ${keyId}`).join(', ');
    return failed(`it is signed by ${signers}, and by no key that is trusted`, 'signature');
  }
  const signer = signerOf(note, keys, verifyEd25519);
  if (signer === null || signerOf(note, [own], verifyEd25519) === null || signer.name !== checkpoint.origin) {
    return failed('the signature does not fit its checkpoint', 'signature');
  }
  return { checkpoint, key: signer, trusted: trusted.length > 0 };
}

export function checkEvent(
  { leaf_index: index, event, base64, proof }: BundledEvent, checkpoint: Checkpoint,
): Problem[] {
  const line = base64 === undefined ? Buffer.from(event ?? '') : Buffer.from(base64, 'base64');
  const leaf = { index, hash: leafHash(sha256, line) };
  const path = proof.map((hash) => Buffer.from(hash, 'base64'));
  if (verifyInclusion(sha256, leaf, checkpoint, path)) return [];
  return [problem('proof', `event line ${index} is not one of those that were signed there`)];
}

/** Of a range nothing may be missing in between; a job's events lie apart. */
function checkOrder({ about, events }: Bundle): Problem[] {
  const indexes = events.map(({ leaf_index: index }) => index);
  const isRange = about.job === undefined;
  const wrong = indexes.findIndex((index, at) => {
    const before = indexes[at - 1];
    return before !== undefined && (isRange ? index !== before + 1 : index <= before);
  });
  if (wrong < 0) return [];
  return [problem('bundle', `event line ${indexes[wrong] ?? 0} does not follow the one before it: ${
    isRange ? 'event lines are missing or moved' : 'they are moved or doubled'}`)];
}

function readBundle(text: string): Bundle | null {
  try {
    return bundleShape.parse(JSON.parse(text));
  } catch {
    // Whatever is wrong with its form, it is no bundle.
    return null;
  }
}

export function failed(message: string, kind: Problem['kind'] = 'bundle'): BundleChecked {
  return { events: 0, checkpoint: null, key: null, trusted: false, gapless: false, problems: [problem(kind, message)] };
}
