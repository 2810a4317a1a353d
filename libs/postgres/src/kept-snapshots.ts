// Snapshots of the past, each with its commit. What is derived from the log can be dropped.
import { type Database } from './database';

export interface SnapshotFormat {
  readonly foldVersion: number;
  readonly partitionCount: number;
}

export interface SnapshotToKeep extends SnapshotFormat {
  readonly sequence: number;
  readonly msgId: string;
  readonly data: Uint8Array;
}

export interface KeptSnapshot extends SnapshotFormat {
  readonly sequence: number;
  /** The log's time of its commit. */
  readonly atMs: number;
  readonly bytes: number;
  /** Event lines before it, to within 32 commits; by the audit tree. */
  readonly events: number;
}

/**
 * False: it is there already, or the archive has another commit in its place.
 * @throws Fault archive_unavailable
 */
export async function keepSnapshot(database: Database, given: SnapshotToKeep): Promise<boolean> {
  const rows = await database.query<{ sequence: string }>(
    `INSERT INTO kept_snapshots (sequence, msg_id, appended_at, fold_version, partition_count, data)
     SELECT sequence, msg_id, appended_at, $3::int, $4::int, $5::bytea FROM commits
     WHERE sequence = $1 AND msg_id = $2
     ON CONFLICT (sequence) DO UPDATE SET fold_version = excluded.fold_version, data = excluded.data
       WHERE kept_snapshots.fold_version < excluded.fold_version
     RETURNING sequence`,
    [given.sequence, given.msgId, given.foldVersion, given.partitionCount, given.data],
  );
  return rows.length > 0;
}

/** Oldest first. */
export async function listSnapshots(database: Database): Promise<KeptSnapshot[]> {
  const rows = await database.query<{
    sequence: string; appended_at: Date; bytes: number; fold_version: number;
    partition_count: number; events: string | null;
  }>(
    `SELECT sequence, appended_at, octet_length(data) AS bytes, fold_version, partition_count,
       (SELECT first_leaf FROM tree_marks WHERE tree_marks.sequence <= kept_snapshots.sequence
        ORDER BY tree_marks.sequence DESC LIMIT 1) AS events
     FROM kept_snapshots ORDER BY sequence`,
  );
  return rows.map((row) => ({
    sequence: Number(row.sequence), atMs: row.appended_at.getTime(), bytes: row.bytes,
    foldVersion: row.fold_version, partitionCount: row.partition_count,
    events: Number(row.events ?? 0),
  }));
}

export async function dropSnapshots(
  database: Database, sequences: readonly number[],
): Promise<void> {
  if (sequences.length === 0) return;
  await database.query('DELETE FROM kept_snapshots WHERE sequence = ANY($1)', [sequences]);
}

/** Of this form, the last one within the range whose commit is archived; null: there is none. */
export async function snapshotBefore(
  database: Database, range: { readonly after: number; readonly upTo: number },
  { foldVersion, partitionCount }: SnapshotFormat,
): Promise<number | null> {
  const [row] = await database.query<{ sequence: string }>(
    `SELECT kept_snapshots.sequence FROM kept_snapshots JOIN commits USING (sequence, msg_id)
     WHERE sequence > $1 AND sequence <= $2 AND fold_version = $3 AND partition_count = $4
     ORDER BY sequence DESC LIMIT 1`,
    [range.after, range.upTo, foldVersion, partitionCount],
  );
  return row === undefined ? null : Number(row.sequence);
}

/** null: it was dropped meanwhile. */
export async function readSnapshot(database: Database, sequence: number): Promise<Buffer | null> {
  const [row] = await database.query<{ data: Buffer }>(
    'SELECT data FROM kept_snapshots WHERE sequence = $1', [sequence],
  );
  return row?.data ?? null;
}
