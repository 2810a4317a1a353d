// Proofs from stored tiles (RFC 9162, sections 2.1.3.1 and 2.1.4.1): first which hashes are needed,
// so that the caller can read their tiles, then the proof.
import { emptyRoot, nodeHash, type Sha256 } from './tree-hash';
import { hashOfNode, type TileId, type TileLookup, tileOf, type TreeNode } from './tiles';

/** Leaves from `from` up to, and not with, `to`. */
export interface LeafRange {
  readonly from: number;
  readonly to: number;
}

/** What a proof consists of, in its order. @throws RangeError for a leaf that the tree has not. */
export function inclusionRanges(index: number, size: number): LeafRange[] {
  if (!isCount(index) || !isCount(size) || index >= size) {
    throw new RangeError(`a tree of ${size} leaves has no leaf ${index}`);
  }
  const path: LeafRange[] = [];
  for (let range = { from: 0, to: size }; range.to - range.from > 1;) {
    const middle = range.from + splitOf(range.to - range.from);
    const left = { from: range.from, to: middle };
    const right = { from: middle, to: range.to };
    path.push(index < middle ? right : left);
    range = index < middle ? left : right;
  }
  return path.reverse();
}

/** @throws RangeError unless 0 <= from <= to. */
export function consistencyRanges(from: number, to: number): LeafRange[] {
  if (!isCount(from) || !isCount(to) || from > to) {
    throw new RangeError(`a tree of ${to} leaves cannot come before one of ${from}`);
  }
  if (from === 0 || from === to) return [];
  const path: LeafRange[] = [];
  let range = { from: 0, to };
  // As long as the older tree has a part of the right half, its root is not to be seen as one node.
  let whole = true;
  while (from < range.to) {
    const middle = range.from + splitOf(range.to - range.from);
    const left = { from: range.from, to: middle };
    const right = { from: middle, to: range.to };
    if (from <= middle) {
      path.push(right);
      range = left;
    } else {
      path.push(left);
      range = right;
      whole = false;
    }
  }
  if (!whole) path.push(range);
  return path.reverse();
}

/** The complete subtrees a range is made of, left to right. */
function nodesOf({ from, to }: LeafRange): TreeNode[] {
  const nodes: TreeNode[] = [];
  for (let start = from; start < to;) {
    const size = splitOf(to - start + 1);
    nodes.push({ height: Math.log2(size), index: start / size });
    start += size;
  }
  return nodes;
}

export function tilesNeeded(ranges: readonly LeafRange[]): TileId[] {
  const needed = new Map<string, TileId>();
  for (const node of ranges.flatMap(nodesOf)) {
    const tile = tileOf(node);
    needed.set(`${tile.level}/${tile.index}`, tile);
  }
  return [...needed.values()];
}

export function hashRange(sha256: Sha256, range: LeafRange, tiles: TileLookup): Uint8Array {
  const [last, ...others] = nodesOf(range).reverse();
  if (last === undefined) return emptyRoot(sha256);
  return others.reduce(
    (right, node) => nodeHash(sha256, hashOfNode(sha256, node, tiles), right),
    hashOfNode(sha256, last, tiles),
  );
}

/** The largest power of two below `count` (RFC 9162: k). */
function splitOf(count: number): number {
  let split = 1;
  while (split * 2 < count) split *= 2;
  return split;
}

function isCount(value: number): boolean {
  return Number.isSafeInteger(value) && value >= 0;
}
