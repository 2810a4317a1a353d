// Writes the archive: commits, their tree, large content, read models, events index and position, in
// one transaction each.
import { type PoolClient } from 'pg';
import type { Commit, Position } from '@libs/log/log';
import { Fault } from '@libs/faults/faults';
import { copyRows } from './copy';
import { type Database } from './database';
import { type DerivedRows, extendIndex } from './index-store';
import { type ReadModelRows, type ReadModelTables, liveTables, writeReadModels } from './read-model-rows';
import { extendTree } from './tree-store';

/** One step of the archive: all of it becomes visible, or none. */
export interface ArchiveBatch {
  readonly after: Position;
  readonly commits: readonly Commit[];
  readonly objects: readonly ArchivedObject[];
  /** Of these commits, those that no build will ever read. */
  readonly broken: readonly BrokenCommit[];
  readonly rows: ReadModelRows;
  /** Absent: the events index has yet to catch up with these commits. */
  readonly derived?: DerivedRows;
}

/** A dead letter among commits: archived as it is, folded by nobody. */
export interface BrokenCommit {
  readonly commit: Pick<Commit, 'sequence' | 'subject' | 'appendedAtMs' | 'bytes'>;
  readonly error: string;
}

/** Large content, and the last commit that names it. */
export interface ArchivedObject {
  readonly sha256: string;
  readonly bytes: Uint8Array;
  readonly sequence: number;
}

const commitColumns = {
  sequence: 'int8', subject: 'text', msg_id: 'text', appended_at: 'timestamptz', bytes: 'bytea',
} as const;

const brokenColumns = {
  sequence: 'int8', subject: 'text', appended_at: 'timestamptz', size_bytes: 'int4', error: 'text',
} as const;

export async function readPosition(database: Database): Promise<Position> {
  const [row] = await database.query<{ sequence: string; msg_id: string }>(
    'SELECT sequence, msg_id FROM archive_position',
  );
  if (row === undefined) throw new Fault('archive_unavailable', 'archive_position is empty');
  return { sequence: Number(row.sequence), msgId: row.msg_id };
}

/**
 * Archives a batch exactly once: the position moves only if it still is `after`.
 * @throws Fault archive_unavailable; log_forked when another writer moved the position.
 */
export async function writeBatch(database: Database, batch: ArchiveBatch): Promise<void> {
  const last = batch.commits.at(-1);
  if (last === undefined) return;
  await database.transaction(async (client) => {
    await movePosition(client, batch.after, last);
    await copyRows(client, 'commits', commitColumns, batch.commits.map((commit) => [
      commit.sequence, commit.subject, commit.msgId, commit.appendedAtMs, commit.bytes,
    ]));
    await extendTree(client, batch.after, batch.commits);
    await copyRows(client, 'broken_commits', brokenColumns, batch.broken.map(
      ({ commit, error }) => [
        commit.sequence, commit.subject, commit.appendedAtMs, commit.bytes.length, error,
      ],
    ));
    for (const object of batch.objects) {
      await client.query(
        `INSERT INTO objects AS old (sha256, bytes, last_sequence) VALUES ($1, $2, $3)
         ON CONFLICT (sha256) DO UPDATE SET last_sequence = excluded.last_sequence`,
        [object.sha256, object.bytes, object.sequence],
      );
    }
    await writeReadModels(client, liveTables, batch.rows);
    if (batch.derived !== undefined) {
      await extendIndex(client, batch.after, last, batch.derived);
    }
  });
}

async function movePosition(client: PoolClient, from: Position, to: Commit): Promise<void> {
  const moved = await client.query(
    'UPDATE archive_position SET sequence = $1, msg_id = $2 WHERE sequence = $3 AND msg_id = $4',
    [to.sequence, to.msgId, from.sequence, from.msgId],
  );
  if (moved.rowCount !== 1) {
    throw new Fault('log_forked', `the archive is not at ${from.sequence} any more`);
  }
}

/** Archived commits of a range, in log order, at most `count`. */
export async function readCommits(
  database: Database, afterSequence: number, count: number,
): Promise<ArchivedCommit[]> {
  const rows = await database.query<CommitRecord>(
    `SELECT sequence, subject, msg_id, appended_at, bytes FROM commits
     WHERE sequence > $1 ORDER BY sequence LIMIT $2`,
    [afterSequence, count],
  );
  return rows.map((row) => ({
    sequence: Number(row.sequence), subject: row.subject, msgId: row.msg_id,
    appendedAtMs: row.appended_at.getTime(), bytes: row.bytes,
  }));
}

/** A commit as it stood in the log. */
export interface ArchivedCommit {
  readonly sequence: number;
  readonly subject: string;
  /** Empty: the message had none. */
  readonly msgId: string;
  readonly appendedAtMs: number;
  readonly bytes: Buffer;
}

interface CommitRecord {
  readonly sequence: string;
  readonly subject: string;
  readonly msg_id: string;
  readonly appended_at: Date;
  readonly bytes: Buffer;
}

/** States of jobs as the read model has them. */
export async function loadStates(
  database: Database, ids: readonly string[], tables: ReadModelTables = liveTables,
): Promise<Map<string, string>> {
  if (ids.length === 0) return new Map();
  const rows = await database.query<{ id: string; state: string }>(
    `SELECT id, state FROM ${tables.jobs} WHERE id = ANY($1)`, [ids],
  );
  return new Map(rows.map((row) => [row.id, row.state]));
}

/** The oldest sequence a job without an outcome still needs; null when every job is settled. */
export async function oldestUnsettled(database: Database): Promise<number | null> {
  const [row] = await database.query<{ position: string | null }>(
    `SELECT min(positions[1]) AS position FROM jobs
     WHERE status IN ('queued', 'running', 'deferred')`,
  );
  return row?.position == null ? null : Math.floor(Number(row.position) / linesPerCommitMax);
}

/** A position in `jobs.positions` is sequence * this + line; a commit holds at most 256 events. */
export const linesPerCommitMax = 1024;

/** The first commit stored at or after `sinceMs`; null when there is none. */
export async function firstSequenceSince(database: Database, sinceMs: number): Promise<number | null> {
  const [row] = await database.query<{ sequence: string | null }>(
    `SELECT sequence FROM commits WHERE appended_at >= to_timestamp($1 / 1000.0)
     ORDER BY appended_at, sequence LIMIT 1`,
    [sinceMs],
  );
  return row?.sequence == null ? null : Number(row.sequence);
}

/** When the commit archived last was stored; 0 while there is none. */
export async function archivedUpToMs(database: Database): Promise<number> {
  const [row] = await database.query<{ appended_at: Date }>(
    `SELECT appended_at FROM commits WHERE sequence = (SELECT sequence FROM archive_position)`,
  );
  return row?.appended_at.getTime() ?? 0;
}

/** Which of these objects the archive has, with the last commit that names each. */
export async function archivedObjects(
  database: Database, hashes: readonly string[],
): Promise<Map<string, number>> {
  const rows = await database.query<{ sha256: string; last_sequence: string }>(
    'SELECT sha256, last_sequence FROM objects WHERE sha256 = ANY($1)', [hashes],
  );
  return new Map(rows.map((row) => [row.sha256, Number(row.last_sequence)]));
}
