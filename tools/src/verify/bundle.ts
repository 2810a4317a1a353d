// A bundle: events with proofs that lead to one signed checkpoint, to be checked without any server.
// One document; exports of many events have a line for each (check-bundle-lines.ts).
import { z } from 'zod';
import { type NoteKey, noteKeyText } from '@libs/audit-tree/signed-note';
import { leafHash } from '@libs/audit-tree/tree-hash';
import { verifyInclusion } from '@libs/audit-tree/verify-proof';
import { sha256 } from '@libs/checkpoints/ed25519';
import { type Database } from '@libs/postgres/database';
import { proveInclusion } from '@libs/postgres/tree-reads';
import { type CheckedClaim } from './claims';
import { type Problem, problem } from './problem';
import { type WalkedLine } from './verify-archive';

export const bundledEvent = z.object({
  leaf_index: z.number().int().min(0),
  /** The event line as it is stored; `base64` where it is no text. */
  event: z.string().optional(),
  base64: z.string().optional(),
  proof: z.array(z.string()),
  /** Where the archive has it. Not proved: the tree knows the order of event lines only. */
  archive: z.object({ sequence: z.number(), line: z.number() }),
});
export type BundledEvent = z.infer<typeof bundledEvent>;

export const bundleShape = z.object({
  format: z.literal('holdfast-bundle/1'),
  /** What it is about; nothing proves that it is all there is. */
  about: z.object({
    job: z.string().optional(), from_sequence: z.number().optional(), to_sequence: z.number().optional(),
  }),
  public_key: z.string(),
  checkpoint: z.string(),
  events: z.array(bundledEvent),
});
export type Bundle = z.infer<typeof bundleShape>;

/** The proofs are checked before they are given away. */
export async function makeBundle(
  database: Database, about: Bundle['about'], latest: CheckedClaim, lines: readonly WalkedLine[],
): Promise<{ readonly bundle: Bundle; readonly problems: readonly Problem[] }> {
  const { checkpoint, note, key } = latest;
  const events: Bundle['events'] = [];
  const problems: Problem[] = [];
  for (const { sequence, line, leafIndex, bytes } of lines) {
    if (leafIndex >= checkpoint.size) {
      problems.push(problem('unsigned', `commit ${sequence}, line ${line}: no checkpoint covers it yet`));
      continue;
    }
    const proof = await proveInclusion(database, leafIndex, checkpoint.size);
    const leaf = { index: leafIndex, hash: leafHash(sha256, bytes) };
    if (!verifyInclusion(sha256, leaf, checkpoint, proof)) {
      problems.push(problem('proof', `commit ${sequence}, line ${line}: its proof does not lead to the `
        + `checkpoint of ${checkpoint.size} event lines`));
    }
    events.push({
      leaf_index: leafIndex, ...textOf(bytes),
      proof: proof.map((hash) => Buffer.from(hash).toString('base64')), archive: { sequence, line },
    });
  }
  return { bundle: bundleOf(about, { note, key }, events), problems };
}

function bundleOf(
  about: Bundle['about'], { note, key }: { note: string; key: NoteKey }, events: Bundle['events'],
): Bundle {
  return {
    format: 'holdfast-bundle/1', about, public_key: noteKeyText(key), checkpoint: note, events,
  };
}

function textOf(bytes: Uint8Array): { event: string } | { base64: string } {
  const buffer = Buffer.from(bytes);
  const event = buffer.toString('utf8');
  return Buffer.from(event).equals(buffer) ? { event } : { base64: buffer.toString('base64') };
}
