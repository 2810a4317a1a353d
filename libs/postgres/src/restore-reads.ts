// What a lost log is made again from: which commits are still needed there, and those commits, in
// pages of bounded size.
import { subjects } from '@libs/events/subjects';
import { type ArchivedCommit, firstSequenceSince, linesPerCommitMax } from './archive-store';
import { type Database } from './database';

export interface ArchiveExtent {
  readonly firstSequence: number;
  readonly lastSequence: number;
  readonly lastMsgId: string;
}

/** What the log held besides all of governance: as trimming leaves it. */
export interface Retained {
  /** Everything from here on. */
  readonly fromSequence: number;
  /** The last commit of each subject, which appends are fenced by. */
  readonly lastSequences: readonly number[];
}

export interface RetainedSize {
  readonly commits: number;
  readonly bytes: number;
}

/** About a second of work for both ends, and bounded memory. */
const pageBytesMax = 8 * 1024 * 1024;
const pageCommitsMax = 2_000;

/** null: nothing was ever archived. */
export async function archiveExtent(database: Database): Promise<ArchiveExtent | null> {
  const [row] = await database.query<{ first: string | null; last: string; msg_id: string }>(
    `SELECT (SELECT min(sequence) FROM commits) AS first, sequence AS last, msg_id
     FROM archive_position`,
  );
  if (row?.first == null) return null;
  return {
    firstSequence: Number(row.first), lastSequence: Number(row.last), lastMsgId: row.msg_id,
  };
}

/**
 * The first event of a job that still has something to come: an outcome, or its webhook. null when
 * there is none.
 */
export async function oldestOpen(database: Database): Promise<number | null> {
  const [row] = await database.query<{ position: string | null }>(
    `SELECT min(positions[1]) AS position FROM jobs
     WHERE status IN ('queued', 'running', 'deferred')
       OR id IN (SELECT job_id FROM deliveries WHERE status = 'pending')`,
  );
  return row?.position == null ? null : Math.floor(Number(row.position) / linesPerCommitMax);
}

/** `sinceMs` null: everything. */
export async function retainedCommits(
  database: Database, extent: ArchiveExtent, sinceMs: number | null,
): Promise<Retained> {
  if (sinceMs === null) return { fromSequence: extent.firstSequence, lastSequences: [] };
  const since = await firstSequenceSince(database, sinceMs);
  const open = await oldestOpen(database);
  const rows = await database.query<{ last: string }>(
    'SELECT max(sequence) AS last FROM commits GROUP BY subject ORDER BY 1',
  );
  return {
    fromSequence: Math.min(since ?? extent.lastSequence, open ?? extent.lastSequence),
    lastSequences: rows.map(({ last }) => Number(last)),
  };
}

export async function retainedSize(database: Database, retained: Retained): Promise<RetainedSize> {
  const [row] = await database.query<{ commits: string; bytes: string | null }>(
    `SELECT count(*) AS commits, sum(octet_length(bytes)) AS bytes FROM commits
     WHERE sequence > $1 AND ${isRetained}`,
    [0, ...valuesOf(retained)],
  );
  return { commits: Number(row?.commits ?? 0), bytes: Number(row?.bytes ?? 0) };
}

/** The next retained commits after a sequence, in order; none at the end. */
export async function readRetained(
  database: Database, retained: Retained, after: number,
): Promise<ArchivedCommit[]> {
  const sizes = await database.query<{ sequence: string; size: number }>(
    `SELECT sequence, octet_length(bytes) AS size FROM commits
     WHERE sequence > $1 AND ${isRetained} ORDER BY sequence LIMIT ${pageCommitsMax}`,
    [after, ...valuesOf(retained)],
  );
  const page: string[] = [];
  let bytes = 0;
  for (const { sequence, size } of sizes) {
    bytes += size;
    if (page.length > 0 && bytes > pageBytesMax) break;
    page.push(sequence);
  }
  const rows = await database.query<{
    sequence: string; subject: string; msg_id: string; appended_at: Date; bytes: Buffer;
  }>(
    `SELECT sequence, subject, msg_id, appended_at, bytes FROM commits
     WHERE sequence = ANY($1) ORDER BY sequence`,
    [page],
  );
  return rows.map((row) => ({
    sequence: Number(row.sequence), subject: row.subject, msgId: row.msg_id,
    appendedAtMs: row.appended_at.getTime(), bytes: row.bytes,
  }));
}

/** Large content that retained commits name, one after the other by hash. */
export async function readObjectAfter(
  database: Database, { fromSequence }: Retained, afterSha256: string,
): Promise<{ readonly sha256: string; readonly bytes: Buffer } | null> {
  const [row] = await database.query<{ sha256: string; bytes: Buffer }>(
    `SELECT sha256, bytes FROM objects WHERE last_sequence >= $1 AND sha256 > $2
     ORDER BY sha256 LIMIT 1`,
    [fromSequence, afterSha256],
  );
  return row ?? null;
}

/** With $2, $3 and $4 as `valuesOf` gives them. */
const isRetained = '(sequence >= $2 OR subject = $3 OR sequence = ANY($4))';

function valuesOf({ fromSequence, lastSequences }: Retained): unknown[] {
  return [fromSequence, subjects.governance, lastSequences];
}
