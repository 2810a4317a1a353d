// Roots and proofs of the stored tree: reads the few tiles each needs.
import { edgeOf, edgeTiles, rootOf } from '@libs/audit-tree/grow-tree';
import {
  consistencyRanges, hashRange, inclusionRanges, type LeafRange, tilesNeeded,
} from '@libs/audit-tree/proofs';
import { type TileLookup } from '@libs/audit-tree/tiles';
import { sha256 } from '@libs/checkpoints/ed25519';
import { type Database } from './database';
import { readTiles } from './tree-store';

/** @throws RangeError when the stored tree is smaller. */
export async function readRoot(database: Database, size: number): Promise<Uint8Array> {
  return rootOf(sha256, edgeOf(size, await readTiles(database, edgeTiles(size))));
}

/** @throws RangeError for a leaf that the tree has not. */
export function proveInclusion(
  database: Database, index: number, size: number,
): Promise<Uint8Array[]> {
  return prove(database, inclusionRanges(index, size));
}

/**
 * Proofs of many leaves of one tree: its tiles are read once, and what neighbours share is hashed once.
 * @throws RangeError for a leaf that the tree has not.
 */
export async function proveInclusions(
  database: Database, indexes: readonly number[], size: number,
): Promise<Uint8Array[][]> {
  const paths = indexes.map((index) => inclusionRanges(index, size));
  const lookup = await tilesFor(database, paths.flat());
  const hashes = new Map<string, Uint8Array>();
  return paths.map((path) => path.map((range) => {
    const name = `${range.from}-${range.to}`;
    const hash = hashes.get(name) ?? hashRange(sha256, range, lookup);
    hashes.set(name, hash);
    return hash;
  }));
}

/** @throws RangeError unless 0 <= from <= to <= the size of the stored tree. */
export function proveConsistency(database: Database, from: number, to: number): Promise<Uint8Array[]> {
  return prove(database, consistencyRanges(from, to));
}

async function prove(database: Database, ranges: readonly LeafRange[]): Promise<Uint8Array[]> {
  const lookup = await tilesFor(database, ranges);
  return ranges.map((range) => hashRange(sha256, range, lookup));
}

async function tilesFor(database: Database, ranges: readonly LeafRange[]): Promise<TileLookup> {
  const tiles = await readTiles(database, tilesNeeded(ranges));
  const byPlace = new Map(tiles.map(({ level, index, hashes }) => [`${level}/${index}`, hashes]));
  return ({ level, index }) => {
    const hashes = byPlace.get(`${level}/${index}`);
    if (hashes === undefined) throw new RangeError(`the tree has no tile ${level}/${index}`);
    return hashes;
  };
}
