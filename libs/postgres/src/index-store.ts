// Keeps the events index and the spend by day. They grow in the transaction that archives the commits;
// an archive that was there before them is caught up with by `indexFromArchive`.
import { type PoolClient } from 'pg';
import { type Position } from '@libs/log/log';
import { Fault } from '@libs/faults/faults';
import { type ColumnValue } from './binary-copy';
import { copyRows } from './copy';
import { type Database } from './database';
import { makePartitions, partitionOfLeaf, partitionTable } from './event-partitions';
import { liveTables } from './read-model-rows';
import { type SpendRows, writeSpend } from './spend-rows';

/** One event line, as it is found. */
export interface EventRow {
  /** Its place among the event lines of the same commits. */
  readonly place: number;
  readonly sequence: number;
  readonly line: number;
  /** Where its bytes are in its commit. */
  readonly offset: number;
  readonly length: number;
  readonly type: string;
  readonly subject: string;
  readonly tenant: string;
  readonly actor: string | null;
  readonly key: string | null;
  readonly team: string | null;
  readonly model: string | null;
  readonly provider: string | null;
  readonly outcome: string | null;
  /** Of its metadata. */
  readonly words: readonly string[] | null;
}

/** What is derived of some commits that follow each other. */
export interface DerivedRows {
  /** Event lines of these commits, those that nobody can read included. */
  readonly lines: number;
  readonly events: readonly EventRow[];
  readonly spend: SpendRows;
}

export interface IndexPosition extends Position {
  /** Event lines so far. */
  readonly size: number;
}

const columns = {
  leaf: 'int8', sequence: 'int8', line: 'int4', line_offset: 'int4', line_length: 'int4',
  type: 'text', subject: 'text', tenant: 'text', actor: 'text', key: 'text', team: 'text',
  model: 'text', provider: 'text', outcome: 'text', words: 'text[]',
} as const;

export async function readIndexPosition(
  database: Pick<Database, 'query'>,
): Promise<IndexPosition> {
  const [row] = await database.query<PositionRow>(
    'SELECT sequence, msg_id, size, partitions FROM index_position',
  );
  if (row === undefined) throw new Fault('archive_unavailable', 'index_position is empty');
  return positionOf(row);
}

/** Lets the index grow if it ends where these commits begin; otherwise it has yet to catch up. */
export async function extendIndex(
  client: PoolClient, after: Position, last: Position, derived: DerivedRows,
): Promise<void> {
  const at = await lockIndex(client);
  if (at.sequence !== after.sequence || at.msgId !== after.msgId) return;
  await grow(client, at, last, derived);
}

/** What is derived of the next archived commits, and the last of them. */
export interface DerivedPage {
  readonly last: Position;
  readonly derived: DerivedRows;
}

/**
 * Adds what `derive` makes of the next archived commits after a sequence, without holding the archiver
 * up meanwhile. null when the index has all of them.
 */
export async function indexFromArchive(
  database: Database, derive: (after: number) => Promise<DerivedPage | null>,
): Promise<IndexPosition | null> {
  const before = await readIndexPosition(database);
  const page = await derive(before.sequence);
  if (page === null) return null;
  return database.transaction(async (client) => {
    const at = await lockIndex(client);
    // The archiver has taken over where the two met.
    if (at.sequence !== before.sequence || at.msgId !== before.msgId) return at;
    return grow(client, at, page.last, page.derived);
  });
}

/** Archived sequences that the index has not. */
export async function indexBehind(database: Database): Promise<number> {
  const [row] = await database.query<{ behind: string }>(
    `SELECT a.sequence - i.sequence AS behind FROM archive_position a, index_position i`,
  );
  return Number(row?.behind ?? 0);
}

interface LockedIndex extends IndexPosition {
  readonly partitions: number;
}

async function lockIndex(client: PoolClient): Promise<LockedIndex> {
  const { rows: [row] } = await client.query<PositionRow>(
    'SELECT sequence, msg_id, size, partitions FROM index_position FOR UPDATE',
  );
  if (row === undefined) throw new Fault('archive_unavailable', 'index_position is empty');
  return { ...positionOf(row), partitions: row.partitions };
}

async function grow(
  client: PoolClient, at: LockedIndex, last: Position, derived: DerivedRows,
): Promise<IndexPosition> {
  const size = at.size + derived.lines;
  // One ahead, so that its making never waits for a reader in a moment of haste.
  const needed = partitionOfLeaf(size) + 1;
  await makePartitions(client, at.partitions, needed);
  for (const [number, rows] of byPartition(at.size, derived.events)) {
    await copyRows(client, partitionTable(number), columns, rows);
  }
  await writeSpend(client, liveTables, derived.spend);
  await client.query(
    'UPDATE index_position SET sequence = $1, msg_id = $2, size = $3, partitions = $4',
    [last.sequence, last.msgId, size, Math.max(at.partitions, needed + 1)],
  );
  return { sequence: last.sequence, msgId: last.msgId, size };
}

/** Straight into the partition: through the table above them each row would be routed. */
function byPartition(size: number, rows: readonly EventRow[]): Map<number, ColumnValue[][]> {
  const parts = new Map<number, ColumnValue[][]>();
  for (const row of rows) {
    const number = partitionOfLeaf(size + row.place);
    const part = parts.get(number);
    if (part === undefined) parts.set(number, [values(size, row)]);
    else part.push(values(size, row));
  }
  return parts;
}

function values(size: number, row: EventRow): ColumnValue[] {
  return [
    size + row.place, row.sequence, row.line, row.offset, row.length, row.type, row.subject,
    row.tenant, row.actor, row.key, row.team, row.model, row.provider, row.outcome, row.words,
  ];
}

interface PositionRow {
  readonly sequence: string;
  readonly msg_id: string;
  readonly size: string;
  readonly partitions: number;
}

function positionOf({ sequence, msg_id: msgId, size }: PositionRow): IndexPosition {
  return { sequence: Number(sequence), msgId, size: Number(size) };
}
