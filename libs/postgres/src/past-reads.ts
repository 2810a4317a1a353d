// Moments of the archived log, and its commits as a fold needs them: in order, in pages of bounded
// size, without content.
import { subjects } from '@libs/events/subjects';
import { type ArchivedCommit } from './archive-store';
import { type Database } from './database';

/** A commit and the log's time of it. */
export interface Moment {
  readonly sequence: number;
  readonly atMs: number;
}

/** Of a commit that no fold reads, no bytes. */
export interface FoldedRow extends Omit<ArchivedCommit, 'bytes'> {
  readonly bytes: Buffer | null;
}

/** A fraction of a second of work for both ends, and bounded memory. */
const pageBytesMax = 8 * 1024 * 1024;
const pageCommitsMax = 2_000;

/** The archive's first commit; null while it is empty. */
export function firstMoment(database: Database): Promise<Moment | null> {
  return moment(database, 'ORDER BY sequence LIMIT 1', []);
}

/** null: there is no such commit in the archive. */
export function momentOf(database: Database, sequence: number): Promise<Moment | null> {
  return moment(database, 'WHERE sequence = $1', [sequence]);
}

/** The last commit that was stored by then; null: none was. */
export function momentAt(database: Database, atMs: number): Promise<Moment | null> {
  return moment(database, `WHERE appended_at <= to_timestamp($1 / 1000.0)
     ORDER BY appended_at DESC, sequence DESC LIMIT 1`, [atMs]);
}

async function moment(
  database: Database, which: string, values: readonly unknown[],
): Promise<Moment | null> {
  const [row] = await database.query<{ sequence: string; appended_at: Date }>(
    `SELECT sequence, appended_at FROM commits ${which}`, values,
  );
  return row === undefined ? null
    : { sequence: Number(row.sequence), atMs: row.appended_at.getTime() };
}

/** The next commits of a range, in order; none at its end. */
export function readPast(
  database: Database, range: { readonly after: number; readonly upTo: number },
): Promise<FoldedRow[]> {
  return page(database, 'sequence > $1 AND sequence <= $2', [range.after, range.upTo]);
}

/** Commits of governance in a range, in order; none at its end. */
export function readGovernance(
  database: Database, range: { readonly after: number; readonly upTo: number },
): Promise<FoldedRow[]> {
  return page(database, `sequence > $1 AND sequence <= $2 AND subject = '${subjects.governance}'`,
    [range.after, range.upTo]);
}

/** `\n{"sha256":` begins content: what is before it are the event lines. */
const contentStart = `'\\x0a7b22736861323536223a'::bytea`;

async function page(
  database: Database, condition: string, values: readonly unknown[],
): Promise<FoldedRow[]> {
  const rows = await database.query<{
    sequence: string; subject: string; msg_id: string; appended_at: Date; bytes: Buffer | null;
  }>(
    `WITH sized AS (
       SELECT sequence, sum(octet_length(bytes)) OVER (ORDER BY sequence)
         - octet_length(bytes) AS bytes_before
       FROM commits WHERE ${condition} ORDER BY sequence LIMIT ${pageCommitsMax}
     )
     SELECT sequence, subject, msg_id, appended_at,
       CASE WHEN subject IN ('${subjects.access}', '${subjects.checkpoint}') THEN NULL
         WHEN position(${contentStart} IN bytes) > 0
           THEN substring(bytes FROM 1 FOR position(${contentStart} IN bytes))
         ELSE bytes END AS bytes
     FROM commits JOIN sized USING (sequence)
     WHERE bytes_before < ${pageBytesMax} ORDER BY sequence`,
    values,
  );
  return rows.map((row) => ({
    sequence: Number(row.sequence), subject: row.subject, msgId: row.msg_id,
    appendedAtMs: row.appended_at.getTime(), bytes: row.bytes,
  }));
}
