// Appends leaves to a tree of which only the right edge is in memory: at most 255 hashes a level.
import { hashBytes, nodeHash, type Sha256, emptyRoot } from './tree-hash';
import { subtreeHash, type Tile, type TileId, tileWidth } from './tiles';

/** The unfinished tile of each level, lowest first. */
export interface TreeEdge {
  readonly size: number;
  readonly levels: readonly Uint8Array[];
}

export interface Grown {
  readonly edge: TreeEdge;
  /** Every tile that has new hashes: the finished ones, and the unfinished of the edge. */
  readonly tiles: readonly Tile[];
}

export const emptyTree: TreeEdge = { size: 0, levels: [] };

/** The unfinished tiles that must be read to go on from a tree of this size. */
export function edgeTiles(size: number): TileId[] {
  const tiles: TileId[] = [];
  for (let level = 0, count = size; count > 0; level += 1, count = Math.floor(count / tileWidth)) {
    if (count % tileWidth > 0) tiles.push({ level, index: Math.floor(count / tileWidth) });
  }
  return tiles;
}

export function edgeOf(size: number, tiles: readonly Tile[]): TreeEdge {
  const levels: Uint8Array[] = [];
  for (const { level, index } of edgeTiles(size)) {
    const found = tiles.find((tile) => tile.level === level && tile.index === index);
    const wanted = Math.floor(size / tileWidth ** level) % tileWidth;
    if (found === undefined || found.hashes.length < wanted * hashBytes) {
      throw new RangeError(`tile ${level}/${index} is not there as a tree of ${size} leaves needs it`);
    }
    while (levels.length < level) levels.push(new Uint8Array(0));
    levels.push(found.hashes.slice(0, wanted * hashBytes));
  }
  return { size, levels };
}

export function grow(sha256: Sha256, edge: TreeEdge, leafHashes: readonly Uint8Array[]): Grown {
  const levels: Uint8Array[] = [];
  const tiles: Tile[] = [];
  let fresh = leafHashes;
  for (let level = 0; level < edge.levels.length || fresh.length > 0; level += 1) {
    const before = edge.levels[level] ?? new Uint8Array(0);
    const all = joined(before, fresh);
    const entriesBefore = Math.floor(edge.size / tileWidth ** level);
    const firstTile = Math.floor(entriesBefore / tileWidth);
    const full = Math.floor(all.length / (tileWidth * hashBytes));
    const roots: Uint8Array[] = [];
    for (let tile = 0; tile < full; tile += 1) {
      const hashes = all.subarray(tile * tileWidth * hashBytes, (tile + 1) * tileWidth * hashBytes);
      tiles.push({ level, index: firstTile + tile, hashes });
      roots.push(subtreeHash(sha256, hashes, { first: 0, count: tileWidth }));
    }
    const rest = all.slice(full * tileWidth * hashBytes);
    if (rest.length > 0 && fresh.length > 0) tiles.push({ level, index: firstTile + full, hashes: rest });
    levels.push(rest);
    fresh = roots;
  }
  return { edge: { size: edge.size + leafHashes.length, levels }, tiles };
}

/** The root of the whole tree. */
export function rootOf(sha256: Sha256, edge: TreeEdge): Uint8Array {
  let root: Uint8Array | null = null;
  for (const hashes of edge.levels) {
    let end = hashes.length / hashBytes;
    for (let count = 1; end > 0; count *= 2) {
      if (end % (count * 2) === 0) continue;
      const left = subtreeHash(sha256, hashes, { first: end - count, count });
      root = root === null ? left : nodeHash(sha256, left, root);
      end -= count;
    }
  }
  return root ?? emptyRoot(sha256);
}

function joined(before: Uint8Array, fresh: readonly Uint8Array[]): Uint8Array {
  const all = new Uint8Array(before.length + fresh.length * hashBytes);
  all.set(before);
  fresh.forEach((hash, index) => all.set(hash, before.length + index * hashBytes));
  return all;
}
