// Makes the tree again from the archive's commits, one page after the other, and holds it against
// every checkpoint and, to say where something happened, against the stored tree.
import { emptyTree, grow, rootOf, type TreeEdge } from '@libs/audit-tree/grow-tree';
import { hashBytes, leafHash, sameHash } from '@libs/audit-tree/tree-hash';
import { tileWidth } from '@libs/audit-tree/tiles';
import { sha256 } from '@libs/checkpoints/ed25519';
import { eventLineBytes } from '@libs/events/parse-commit';
import { type ArchivedCommit } from '@libs/postgres/archive-store';
import { type Database } from '@libs/postgres/database';
import { readRetained } from '@libs/postgres/restore-reads';
import { readTiles, readTreePosition } from '@libs/postgres/tree-store';
import { checkContent, checkLarge, type LargeNamed } from './check-content';
import { type KeysNamed } from './check-keys';
import { checkMarks, UpperTiles } from './check-tree';
import { checkClaim, type CheckedClaim, type Claim, isProblem, type TrustedKeys } from './claims';
import { Claims } from './merge-claims';
import { placeDifference, type PlacedLeaf } from './place-difference';
import { type Problem, problem } from './problem';

export interface WalkedLine {
  readonly sequence: number;
  readonly line: number;
  readonly leafIndex: number;
  readonly bytes: Uint8Array;
}

export interface VerifyParts {
  readonly database: Database;
  readonly trusted: TrustedKeys;
  readonly claims: readonly AsyncGenerator<Claim>[];
  /** Told what the event lines say of data keys. */
  readonly keysNamed: KeysNamed;
  /** Every event line, in order. */
  readonly onLine: (line: WalkedLine) => void;
  readonly progress: (commits: number, lines: number) => void;
}

export interface ArchiveVerified {
  readonly commits: number;
  readonly lines: number;
  readonly bytes: number;
  /** Checkpoints whose signature and root are right. */
  readonly checkpoints: number;
  /** The largest of them. */
  readonly latest: CheckedClaim | null;
  /** Event lines under the last of them that each known witness cosigned. */
  readonly cosigned: Readonly<Record<string, number>>;
  readonly problems: readonly Problem[];
}

/** More of one kind say nothing new. */
const problemsMax = 20;
/** How far is looked for the line that should stand where another does. */
const lookAheadTiles = 8;
const everything = { fromSequence: 0, lastSequences: [] };

export async function verifyArchive(parts: VerifyParts): Promise<ArchiveVerified> {
  const tree = await readTreePosition(parts.database);
  const walk = new Walk(parts, await Claims.of(parts.claims), tree.size);
  for (let after = 0; ;) {
    const page = await readRetained(parts.database, everything, after);
    const last = page.at(-1);
    await walk.take(page);
    if (last === undefined) break;
    after = last.sequence;
    parts.progress(walk.commits, walk.lines);
  }
  return walk.end();
}

class Walk {
  commits = 0;
  lines = 0;
  #bytes = 0;
  #edge: TreeEdge = emptyTree;
  #checkpoints = 0;
  #latest: CheckedClaim | null = null;
  readonly #cosigned: Record<string, number> = {};
  #failed = 0;
  #difference: { readonly index: number; readonly problem: Problem } | null = null;
  readonly #problems: Problem[] = [];
  readonly #upper = new UpperTiles();

  constructor(
    private readonly parts: VerifyParts, private readonly claims: Claims,
    private readonly treeSize: number,
  ) {}

  async take(page: readonly ArchivedCommit[]): Promise<void> {
    const leaves: PlacedLeaf[] = [];
    const large: LargeNamed = new Map();
    const firstLeaves = new Map<number, number>();
    for (const { sequence, bytes } of page) {
      this.commits += 1;
      firstLeaves.set(sequence, this.lines);
      this.#bytes += bytes.length;
      for (const found of checkContent(sequence, bytes, this.parts.keysNamed, large)) this.#note(found);
      eventLineBytes(bytes).forEach((line, at) => {
        this.parts.onLine({ sequence, line: at, leafIndex: this.lines, bytes: line });
        leaves.push({ sequence, line: at, hash: leafHash(sha256, line) });
        this.lines += 1;
      });
    }
    for (const found of await checkLarge(this.parts.database, large)) this.#note(found);
    await this.#compareTiles(leaves);
    // Behind a difference every place is another.
    if (this.#difference === null) {
      for (const found of await checkMarks(this.parts.database, firstLeaves)) this.#note(found);
    }
    let at = 0;
    for (;;) {
      // Up to the next checkpoint exactly: only there the roots can be compared.
      const wanted = Math.max(0, this.claims.nextSize - this.#edge.size);
      if (wanted > leaves.length - at) break;
      this.#grow(leaves.slice(at, at + wanted));
      at += wanted;
      await this.#compareClaim();
    }
    this.#grow(leaves.slice(at));
  }

  async end(): Promise<ArchiveVerified> {
    for (let claim = await this.claims.take(); claim !== null; claim = await this.claims.take()) {
      const checked = checkClaim(claim, this.parts.trusted);
      this.#note(isProblem(checked) ? checked : problem('truncated', `${checked.source}: `
        + `${checked.checkpoint.size} event lines were signed, and the archive has ${this.lines}`));
    }
    if (this.#difference === null && this.lines < this.treeSize) {
      this.#note(problem('truncated',
        `the archive has ${this.lines} event lines, and its tree ${this.treeSize}`));
    }
    if (this.#failed > 1) {
      this.#note(problem('checkpoint', `${this.#failed - 1} later checkpoints do not fit either`));
    }
    this.#noteDifference();
    if (this.#difference === null) {
      const found = await this.#upper.check(this.parts.database, this.#edge, this.treeSize);
      for (const one of found) this.#note(one);
    }
    await this.#checkPosition();
    if (this.#checkpoints === 0) {
      this.#note(problem('unsigned', 'there is no checkpoint that this archive fits'));
    }
    return {
      commits: this.commits, lines: this.lines, bytes: this.#bytes, checkpoints: this.#checkpoints,
      latest: this.#latest, cosigned: this.#cosigned, problems: this.#problems,
    };
  }

  #note(found: Problem): void {
    if (this.#problems.filter(({ kind }) => kind === found.kind).length < problemsMax) {
      this.#problems.push(found);
    }
  }

  #grow(leaves: readonly PlacedLeaf[]): void {
    const { edge, tiles } = grow(sha256, this.#edge, leaves.map(({ hash }) => hash));
    this.#edge = edge;
    this.#upper.note(tiles);
  }

  async #compareClaim(): Promise<void> {
    const claim = await this.claims.take();
    if (claim === null) return;
    const checked = checkClaim(claim, this.parts.trusted);
    if (isProblem(checked)) { this.#note(checked); return; }
    const { size, root } = checked.checkpoint;
    if (size < this.#edge.size) {
      this.#note(problem('checkpoint', `${checked.source}: stands behind a checkpoint of a larger tree`));
      return;
    }
    if (sameHash(root, rootOf(sha256, this.#edge))) {
      this.#checkpoints += 1;
      this.#latest = checked;
      for (const witness of checked.witnesses) this.#cosigned[witness] = size;
      return;
    }
    this.#failed += 1;
    if (this.#failed > 1) return;
    const since = this.#latest?.checkpoint;
    this.#note(problem('checkpoint', `${checked.source}: the first ${size} event lines of the archive `
      + `are not those that were signed; those up to ${since?.size ?? 0} (commit ${
        since?.sequence ?? 0}) are`));
  }

  /** Only the first difference says something: what follows it is shifted or not looked at. */
  async #compareTiles(leaves: readonly PlacedLeaf[]): Promise<void> {
    if (this.#difference !== null || leaves.length === 0) return;
    const start = this.lines - leaves.length;
    const first = Math.floor(start / tileWidth);
    const count = Math.floor((this.lines - 1) / tileWidth) - first + 1;
    const stored = await storedLeaves(this.parts.database, first, count + lookAheadTiles);
    const offset = start - first * tileWidth;
    // What the tree has yet to take is not there, and not wrong.
    const known = Math.min(leaves.length, Math.max(0, this.treeSize - start));
    for (let at = 0; at < known; at += 1) {
      const hash = stored[offset + at];
      if (hash !== undefined && sameHash(hash, (leaves[at] as PlacedLeaf).hash)) continue;
      this.#difference = {
        index: start + at,
        problem: placeDifference(start + at, leaves.slice(at), stored.slice(offset + at)),
      };
      return;
    }
  }

  /** A line that a checkpoint confirms is right, and the stored tree wrong. */
  #noteDifference(): void {
    if (this.#difference === null) return;
    const { index, problem: found } = this.#difference;
    this.#note(index < (this.#latest?.checkpoint.size ?? 0)
      ? problem('tree', `the stored tree is wrong at event line ${index}; the archive is what was signed`)
      : found);
  }

  async #checkPosition(): Promise<void> {
    const [row] = await this.parts.database.query<{ position: string; last: string | null; before: string }>(
      `SELECT sequence AS position, (SELECT max(sequence) FROM commits) AS last,
         (SELECT count(*) FROM commits WHERE sequence < 1) AS before FROM archive_position`,
    );
    if (Number(row?.before ?? 0) > 0) {
      this.#note(problem('inserted', `${row?.before} commits stand before commit 1, where the log begins`));
    }
    const [position, last] = [Number(row?.position ?? 0), Number(row?.last ?? 0)];
    // While the archive grows it may be read in between: both come from one statement.
    if (last === position) return;
    this.#note(problem(last < position ? 'truncated' : 'inserted',
      `the archive was written up to commit ${position}, and its last one is ${last}`));
  }
}

async function storedLeaves(database: Database, first: number, count: number): Promise<Uint8Array[]> {
  const ids = Array.from({ length: count }, (_, at) => ({ level: 0, index: first + at }));
  const tiles = (await readTiles(database, ids)).sort((one, other) => one.index - other.index);
  const leaves: Uint8Array[] = [];
  for (const { index, hashes } of tiles) {
    if (index !== first + Math.ceil(leaves.length / tileWidth)) break;
    for (let at = 0; at < hashes.length; at += hashBytes) leaves.push(hashes.subarray(at, at + hashBytes));
  }
  return leaves;
}
