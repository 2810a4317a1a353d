// Keeps the audit tree in Postgres. It grows in the transaction that archives the commits, so the two
// cannot disagree; an archive that was there before the tree is caught up with by `extendFromArchive`.
import { type PoolClient } from 'pg';
import { edgeOf, edgeTiles, grow } from '@libs/audit-tree/grow-tree';
import { type Tile, type TileId } from '@libs/audit-tree/tiles';
import { leafHash } from '@libs/audit-tree/tree-hash';
import { eventLineBytes } from '@libs/events/parse-commit';
import { type Position } from '@libs/log/log';
import { sha256 } from '@libs/checkpoints/ed25519';
import { Fault } from '@libs/faults/faults';
import { copyRows } from './copy';
import { type Database } from './database';

export interface TreePosition extends Position {
  /** Event lines in the tree. */
  readonly size: number;
}

/** What the tree needs of a commit. */
export interface TreeCommit extends Position {
  readonly bytes: Uint8Array;
}

/** One commit of so many is noted with its place; the others are counted from there. */
const commitsPerMark = 32;

const markColumns = { sequence: 'int8', first_leaf: 'int8' } as const;
const tileColumns = { level: 'int4', index: 'int8', hashes: 'bytea' } as const;

export async function readTreePosition(
  database: Pick<Database, 'query'>,
): Promise<TreePosition> {
  const [row] = await database.query<PositionRow>(
    'SELECT sequence, msg_id, size FROM tree_position',
  );
  if (row === undefined) throw new Fault('archive_unavailable', 'tree_position is empty');
  return positionOf(row);
}

/** Lets the tree grow if it ends where these commits begin; otherwise it has yet to catch up. */
export async function extendTree(
  client: PoolClient, after: Position, commits: readonly TreeCommit[],
): Promise<void> {
  const tree = await lockTree(client);
  if (tree.sequence !== after.sequence || tree.msgId !== after.msgId) return;
  await growTree(client, tree, commits);
}

/**
 * Adds the next archived commits that the tree has not. Returns the tree's new end; null when it has
 * all of them.
 * @throws Fault log_forked when the commit it ends with is not in the archive (any more).
 */
export async function extendFromArchive(
  database: Database, read: (after: number) => Promise<readonly TreeCommit[]>,
): Promise<TreePosition | null> {
  return database.transaction(async (client) => {
    // Waits for an archiver's transaction, so that no commit falls between the two.
    const tree = await lockTree(client);
    await checkEnd(client, tree);
    const commits = await read(tree.sequence);
    if (commits.length === 0) return null;
    return growTree(client, tree, commits);
  });
}

export async function readTiles(
  database: Pick<Database, 'query'>, ids: readonly TileId[],
): Promise<Tile[]> {
  if (ids.length === 0) return [];
  const rows = await database.query<{ level: number; index: string; hashes: Buffer }>(
    tilesQuery, tilesValues(ids),
  );
  return rows.map(tileOfRow);
}

/** Places that are noted of these commits, both ends included. */
export async function readMarks(
  database: Pick<Database, 'query'>, from: number, to: number,
): Promise<{ readonly sequence: number; readonly firstLeaf: number }[]> {
  const rows = await database.query<{ sequence: string; first_leaf: string }>(
    'SELECT sequence, first_leaf FROM tree_marks WHERE sequence BETWEEN $1 AND $2 ORDER BY sequence', [from, to],
  );
  return rows.map((row) => ({ sequence: Number(row.sequence), firstLeaf: Number(row.first_leaf) }));
}

/** A commit's event lines and where the first of them stands in the tree. */
export interface PlacedLines {
  readonly firstLeaf: number;
  readonly lines: readonly Uint8Array[];
}

/** null: the tree has no such commit. */
export async function linesInTree(
  database: Pick<Database, 'query'>, sequence: number,
): Promise<PlacedLines | null> {
  const [mark] = await database.query<{ sequence: string; first_leaf: string }>(
    `SELECT sequence, first_leaf FROM tree_marks WHERE sequence <= $1
     ORDER BY sequence DESC LIMIT 1`, [sequence],
  );
  if (mark === undefined) return null;
  const rows = await database.query<{ sequence: string; bytes: Buffer }>(
    'SELECT sequence, bytes FROM commits WHERE sequence BETWEEN $1 AND $2 ORDER BY sequence',
    [mark.sequence, sequence],
  );
  const found = rows.pop();
  if (found === undefined || Number(found.sequence) !== sequence) return null;
  const firstLeaf = rows.reduce(
    (leaf, { bytes }) => leaf + eventLineBytes(bytes).length, Number(mark.first_leaf),
  );
  return { firstLeaf, lines: eventLineBytes(found.bytes) };
}

async function lockTree(client: PoolClient): Promise<TreePosition> {
  const { rows: [row] } = await client.query<PositionRow>(
    'SELECT sequence, msg_id, size FROM tree_position FOR UPDATE',
  );
  if (row === undefined) throw new Fault('archive_unavailable', 'tree_position is empty');
  return positionOf(row);
}

async function checkEnd(client: PoolClient, tree: TreePosition): Promise<void> {
  if (tree.sequence === 0) return;
  const { rows: [row] } = await client.query<{ msg_id: string }>(
    'SELECT msg_id FROM commits WHERE sequence = $1', [tree.sequence],
  );
  if (row?.msg_id === tree.msgId) return;
  throw new Fault('log_forked', `the audit tree ends with commit ${tree.sequence} (${tree.msgId}), `
    + 'which is not in the archive');
}

async function growTree(
  client: PoolClient, tree: TreePosition, commits: readonly TreeCommit[],
): Promise<TreePosition> {
  const last = commits.at(-1);
  if (last === undefined) return tree;
  const leaves: Uint8Array[] = [];
  const marks: [number, number][] = [];
  commits.forEach(({ sequence, bytes }, index) => {
    if (index % commitsPerMark === 0) marks.push([sequence, tree.size + leaves.length]);
    for (const line of eventLineBytes(bytes)) leaves.push(leafHash(sha256, line));
  });
  const edge = edgeTiles(tree.size);
  const stored = await client.query<TileRow>(tilesQuery, tilesValues(edge));
  const grown = grow(sha256, edgeOf(tree.size, stored.rows.map(tileOfRow)), leaves);
  await writeTiles(client, edge, grown.tiles);
  await copyRows(client, 'tree_marks', markColumns, marks);
  const end = { sequence: last.sequence, msgId: last.msgId, size: grown.edge.size };
  await client.query(
    'UPDATE tree_position SET sequence = $1, msg_id = $2, size = $3',
    [end.sequence, end.msgId, end.size],
  );
  return end;
}

/**
 * The unfinished tiles of before are written anew with the others, so that all can be copied: as
 * parameters of an upsert, megabytes of hashes would be sent as hexadecimal text.
 */
async function writeTiles(
  client: PoolClient, before: readonly TileId[], tiles: readonly Tile[],
): Promise<void> {
  if (tiles.length === 0) return;
  await client.query(
    `DELETE FROM tree_tiles
     WHERE (level, index) IN (SELECT * FROM unnest($1::int[], $2::bigint[]))`,
    tilesValues(before.filter((old) => tiles.some((tile) => isSame(tile, old)))),
  );
  await copyRows(client, 'tree_tiles', tileColumns,
    tiles.map(({ level, index, hashes }) => [level, index, hashes]));
}

function isSame(one: TileId, other: TileId): boolean {
  return one.level === other.level && one.index === other.index;
}

const tilesQuery = `SELECT level, index, hashes FROM tree_tiles
  WHERE (level, index) IN (SELECT * FROM unnest($1::int[], $2::bigint[]))`;

function tilesValues(ids: readonly TileId[]): unknown[] {
  return [ids.map(({ level }) => level), ids.map(({ index }) => index)];
}

interface TileRow { readonly level: number; readonly index: string; readonly hashes: Buffer }
interface PositionRow { readonly sequence: string; readonly msg_id: string; readonly size: string }

function tileOfRow({ level, index, hashes }: TileRow): Tile {
  return { level, index: Number(index), hashes };
}

function positionOf({ sequence, msg_id: msgId, size }: PositionRow): TreePosition {
  return { sequence: Number(sequence), msgId, size: Number(size) };
}
