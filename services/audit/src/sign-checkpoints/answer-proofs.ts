// Answers for `/audit/v1`: the last checkpoint, and proofs that lead to it.
import { leafHash } from '@libs/audit-tree/tree-hash';
import { noteKeyText } from '@libs/audit-tree/signed-note';
import { sha256 } from '@libs/checkpoints/ed25519';
import { type Database } from '@libs/postgres/database';
import { proveConsistency, proveInclusion } from '@libs/postgres/tree-reads';
import { linesInTree, readTreePosition } from '@libs/postgres/tree-store';
import { type ProofAnswer, type ProofAnswers, type ProofRefused } from '../shared/proof-answers';
import { type CheckpointSigner } from './checkpoint-signer';

type Answer = Promise<ProofAnswer>;

export function answerProofs(database: Database, signer: CheckpointSigner): ProofAnswers {
  return {
    checkpoint: () => checkpoint(signer),
    inclusion: (sequence, line) => inclusion(database, signer, { sequence, line }),
    consistency: (from, to) => consistency(database, signer, { from, to }),
  };
}

async function checkpoint(signer: CheckpointSigner): Answer {
  const { latest } = signer;
  const key = await signer.key();
  if (latest === null) return unsigned('No checkpoint was signed yet.');
  const { origin, size, root, sequence } = latest.checkpoint;
  return {
    object: 'checkpoint', origin, tree_size: size, root: base64(root), sequence, note: latest.note,
    public_key: key === null ? null : noteKeyText(key),
  };
}

async function inclusion(
  database: Database, { latest }: CheckpointSigner,
  { sequence, line }: { readonly sequence: number; readonly line: number },
): Answer {
  const found = await linesInTree(database, sequence);
  const text = found?.lines[line];
  if (found === null || text === undefined) {
    return { refused: 'not_found', message: `There is no event line ${line} of commit ${sequence}.` };
  }
  const index = found.firstLeaf + line;
  if (latest === null || index >= latest.checkpoint.size) {
    return unsigned('No checkpoint covers this event yet; one is signed every minute.');
  }
  const { size } = latest.checkpoint;
  return {
    object: 'inclusion_proof', sequence, line, leaf_index: index, tree_size: size,
    leaf_hash: base64(leafHash(sha256, text)), event: Buffer.from(text).toString('utf8'),
    proof: (await proveInclusion(database, index, size)).map(base64), checkpoint: latest.note,
  };
}

async function consistency(
  database: Database, { latest }: CheckpointSigner,
  range: { readonly from: number; readonly to: number | null },
): Answer {
  const to = range.to ?? latest?.checkpoint.size ?? null;
  if (to === null) return unsigned('No checkpoint was signed yet.');
  const { size } = await readTreePosition(database);
  if (to > size) return { refused: 'bad_range', message: `The tree has ${size} event lines, and not ${to}.` };
  if (range.from > to) {
    return { refused: 'bad_range', message: `A tree of ${range.from} event lines does not come before one of ${to}.` };
  }
  const proof = await proveConsistency(database, range.from, to);
  return { object: 'consistency_proof', from: range.from, to, proof: proof.map(base64) };
}

function unsigned(message: string): ProofRefused {
  return { refused: 'not_signed_yet', message };
}

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64');
}
