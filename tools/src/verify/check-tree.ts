// What the stored tree has besides the hashes of event lines: the hashes above them, and where commits
// begin. A proof is made of these, so one that is wrong makes proofs that lead nowhere.
import { type TreeEdge } from '@libs/audit-tree/grow-tree';
import { type Tile, tileWidth } from '@libs/audit-tree/tiles';
import { hashBytes } from '@libs/audit-tree/tree-hash';
import { type Database } from '@libs/postgres/database';
import { readMarks, readTiles } from '@libs/postgres/tree-store';
import { type Problem, problem } from './problem';

/** Of a walk over the archive: one of 8 KB for 65,536 event lines. */
export class UpperTiles {
  readonly #finished: Tile[] = [];

  note(tiles: readonly Tile[]): void {
    this.#finished.push(...tiles.filter(({ level, hashes }) => level > 0 && isFull(hashes)));
  }

  /** `edge`: where the walk ended; `treeSize`: event lines that the stored tree had when it began. */
  async check(database: Database, edge: TreeEdge, treeSize: number): Promise<Problem[]> {
    const all = [...this.#finished, ...unfinished(edge)];
    const stored = new Map((await readTiles(database, all)).map((tile) => [nameOf(tile), tile.hashes]));
    return all.flatMap((tile) => {
      const { level, index, hashes } = tile;
      const entries = Math.floor(treeSize / tileWidth ** level) - index * tileWidth;
      const bytes = Math.min(hashes.length, Math.max(0, entries) * hashBytes);
      const found = (stored.get(nameOf(tile)) ?? new Uint8Array(0)).subarray(0, bytes);
      if (Buffer.from(hashes.subarray(0, bytes)).equals(found)) return [];
      return [problem('tree', `the stored tree is wrong above event line ${
        index * tileWidth ** (level + 1)} (tile ${level}/${index}); the archive is not`)];
    });
  }
}

/** `firstLeaves`: of some commits, one after the other. */
export async function checkMarks(
  database: Database, firstLeaves: ReadonlyMap<number, number>,
): Promise<Problem[]> {
  const sequences = [...firstLeaves.keys()];
  const [from, to] = [sequences[0], sequences.at(-1)];
  if (from === undefined || to === undefined) return [];
  const marks = await readMarks(database, from, to);
  return marks.filter(({ sequence, firstLeaf }) => firstLeaves.get(sequence) !== firstLeaf)
    .map(({ sequence, firstLeaf }) => problem('tree', `the stored tree says that commit ${sequence} begins with `
      + `event line ${firstLeaf}; it is ${firstLeaves.get(sequence) ?? 'not there'}`));
}

function unfinished({ size, levels }: TreeEdge): Tile[] {
  return levels.flatMap((hashes, level) => (level === 0 || hashes.length === 0 ? []
    : [{ level, index: Math.floor(size / tileWidth ** (level + 1)), hashes }]));
}

function isFull(hashes: Uint8Array): boolean {
  return hashes.length === tileWidth * hashBytes;
}

function nameOf({ level, index }: Tile): string {
  return `${level}/${index}`;
}
