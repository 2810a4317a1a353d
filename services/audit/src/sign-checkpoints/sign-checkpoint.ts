// Signs one checkpoint: only when every checkpoint that is known is a beginning of today's tree.
import { type Checkpoint, checkpointText, parseCheckpoint } from '@libs/audit-tree/checkpoint';
import { parseNote } from '@libs/audit-tree/signed-note';
import { verifyConsistency } from '@libs/audit-tree/verify-proof';
import { sha256 } from '@libs/checkpoints/ed25519';
import { type SigningKey } from '@libs/checkpoints/signing-key';
import { type Database } from '@libs/postgres/database';
import { proveConsistency, readRoot } from '@libs/postgres/tree-reads';
import { readTreePosition } from '@libs/postgres/tree-store';

export interface SignedCheckpoint {
  readonly checkpoint: Checkpoint;
  readonly note: string;
}

/** The tree is not what was signed before: nothing may be signed. */
export class Inconsistent extends Error {
  constructor(what: string) {
    super(what);
    this.name = 'Inconsistent';
  }
}

/** What a note says, if it is a checkpoint; signatures are not looked at. */
export function checkpointOf(note: string): Checkpoint | null {
  const parsed = parseNote(note);
  return parsed === null ? null : parseCheckpoint(parsed.text);
}

/**
 * null: the tree is as large as the largest of `earlier`.
 * @throws Inconsistent; Fault archive_unavailable
 */
export async function signCheckpoint(
  database: Database, key: SigningKey, earlier: readonly Checkpoint[],
): Promise<SignedCheckpoint | null> {
  const { size, sequence } = await readTreePosition(database);
  const now: Checkpoint = { origin: key.name, size, root: await readRoot(database, size), sequence };
  for (const before of earlier) await checkBeginning(database, before, now);
  if (size === 0 || earlier.some((before) => before.size === size)) return null;
  return { checkpoint: now, note: key.signed(checkpointText(now)) };
}

async function checkBeginning(
  database: Database, before: Checkpoint, now: Checkpoint,
): Promise<void> {
  if ((before.sequence ?? 0) > (now.sequence ?? 0)) {
    // Postgres was brought back from a backup: no contradiction until the log has been read.
    throw new Error(`commit ${before.sequence ?? 0} was signed, and the tree ends with commit ${
      now.sequence ?? 0}: waiting for the archive`);
  }
  if (before.size > now.size) {
    throw new Inconsistent(`a checkpoint of ${before.size} event lines was signed, and the tree has `
      + `${now.size}`);
  }
  const proof = await proveConsistency(database, before.size, now.size);
  if (verifyConsistency(sha256, before, now, proof)) return;
  throw new Inconsistent(`the first ${before.size} event lines of the tree are not those of the `
    + 'checkpoint that was signed for them');
}
