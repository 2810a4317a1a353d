// Where hashes of the tree are kept: tiles of height 8, as in C2SP tlog-tiles. Tile (level, index)
// holds the hashes of up to 256 complete subtrees of height 8 × level; what lies between is computed.
import { hashBytes, nodeHash, type Sha256 } from './tree-hash';

const tileHeight = 8;
export const tileWidth = 256;

/** A complete subtree: 2^height leaves, from leaf index × 2^height on. */
export interface TreeNode {
  readonly height: number;
  readonly index: number;
}

export interface TileId {
  readonly level: number;
  readonly index: number;
}

/** Hashes one after the other; fewer than 256 at the right edge of the tree. */
export interface Tile extends TileId {
  readonly hashes: Uint8Array;
}

export type TileLookup = (id: TileId) => Uint8Array;

/** The tile that a subtree's hash is computed from. */
export function tileOf({ height, index }: TreeNode): TileId {
  const level = Math.floor(height / tileHeight);
  return { level, index: Math.floor(firstEntry({ height, index }) / tileWidth) };
}

export function hashOfNode(sha256: Sha256, node: TreeNode, tiles: TileLookup): Uint8Array {
  const hashes = tiles(tileOf(node));
  const first = firstEntry(node) % tileWidth;
  return subtreeHash(sha256, hashes, { first, count: 2 ** (node.height % tileHeight) });
}

/** Of `count` (a power of two) hashes in a tile, the root. */
export function subtreeHash(
  sha256: Sha256, hashes: Uint8Array, { first, count }: { readonly first: number; readonly count: number },
): Uint8Array {
  if ((first + count) * hashBytes > hashes.length) {
    throw new RangeError(`a tile of ${hashes.length / hashBytes} hashes has none up to ${first + count}`);
  }
  if (count === 1) return hashes.subarray(first * hashBytes, (first + 1) * hashBytes);
  const half = count / 2;
  return nodeHash(
    sha256, subtreeHash(sha256, hashes, { first, count: half }),
    subtreeHash(sha256, hashes, { first: first + half, count: half }),
  );
}

function firstEntry({ height, index }: TreeNode): number {
  return index * 2 ** (height % tileHeight);
}
