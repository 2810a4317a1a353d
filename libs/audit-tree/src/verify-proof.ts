// Verifies proofs without the tree (RFC 9162, sections 2.1.3.2 and 2.1.4.2).
import { nodeHash, sameHash, type Sha256 } from './tree-hash';

export interface TreeHead {
  readonly size: number;
  readonly root: Uint8Array;
}

/** Whether the leaf stands at `index` of the tree. */
export function verifyInclusion(
  sha256: Sha256, leaf: { readonly index: number; readonly hash: Uint8Array }, head: TreeHead,
  proof: readonly Uint8Array[],
): boolean {
  if (!Number.isSafeInteger(leaf.index) || leaf.index < 0 || leaf.index >= head.size) return false;
  let at = leaf.index;
  let last = head.size - 1;
  let root = leaf.hash;
  for (const hash of proof) {
    if (last === 0) return false;
    if (at % 2 === 1 || at === last) {
      root = nodeHash(sha256, hash, root);
      while (at % 2 === 0 && at !== 0) [at, last] = [half(at), half(last)];
    } else {
      root = nodeHash(sha256, root, hash);
    }
    [at, last] = [half(at), half(last)];
  }
  return last === 0 && sameHash(root, head.root);
}

/** Whether `older` is the beginning of `newer`. */
export function verifyConsistency(
  sha256: Sha256, older: TreeHead, newer: TreeHead, proof: readonly Uint8Array[],
): boolean {
  if (older.size > newer.size) return false;
  if (older.size === newer.size) return proof.length === 0 && sameHash(older.root, newer.root);
  if (older.size === 0) return proof.length === 0;
  const path = Number.isInteger(Math.log2(older.size)) ? [older.root, ...proof] : proof;
  const [first, ...rest] = path;
  if (first === undefined) return false;
  let at = older.size - 1;
  let last = newer.size - 1;
  while (at % 2 === 1) [at, last] = [half(at), half(last)];
  let [olderRoot, newerRoot] = [first, first];
  for (const hash of rest) {
    if (last === 0) return false;
    if (at % 2 === 1 || at === last) {
      olderRoot = nodeHash(sha256, hash, olderRoot);
      newerRoot = nodeHash(sha256, hash, newerRoot);
      while (at % 2 === 0 && at !== 0) [at, last] = [half(at), half(last)];
    } else {
      newerRoot = nodeHash(sha256, newerRoot, hash);
    }
    [at, last] = [half(at), half(last)];
  }
  return last === 0 && sameHash(olderRoot, older.root) && sameHash(newerRoot, newer.root);
}

function half(value: number): number {
  return Math.floor(value / 2);
}
