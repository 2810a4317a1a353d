// The event lines of found rows, byte for byte, with the time their commit stood in the log.
import { type Database } from './database';
import { type FoundRow } from './event-reads';

export interface EventLine extends FoundRow {
  readonly loggedAtMs: number;
  readonly bytes: Buffer;
}

interface Span {
  readonly from: number;
  readonly to: number;
}

/**
 * Of each commit only the piece that the lines are in: event lines stand before content, and PostgreSQL
 * unpacks no more than up to there.
 */
export async function readLines(
  database: Database, rows: readonly FoundRow[],
): Promise<EventLine[]> {
  const spans = spansOf(rows);
  const sequences = [...spans.keys()];
  const pieces = [...spans.values()];
  const records = await database.query<{ sequence: string; appended_at: Date; piece: Buffer }>(
    `SELECT c.sequence, c.appended_at, substring(c.bytes FROM w.first + 1 FOR w.count) AS piece
     FROM unnest($1::bigint[], $2::int[], $3::int[]) AS w (sequence, first, count)
     JOIN commits c ON c.sequence = w.sequence`,
    [sequences, pieces.map(({ from }) => from), pieces.map(({ from, to }) => to - from)],
  );
  const found = new Map(records.map((record) => [Number(record.sequence), record]));
  return rows.map((row) => {
    const record = found.get(row.sequence);
    const span = spans.get(row.sequence);
    if (record === undefined || span === undefined) {
      throw new RangeError(`commit ${row.sequence} of the events index is not in the archive`);
    }
    const start = row.offset - span.from;
    return {
      ...row, loggedAtMs: record.appended_at.getTime(),
      bytes: record.piece.subarray(start, start + row.length),
    };
  });
}

function spansOf(rows: readonly FoundRow[]): Map<number, Span> {
  const spans = new Map<number, Span>();
  for (const { sequence, offset, length } of rows) {
    const span = spans.get(sequence) ?? { from: offset, to: offset };
    spans.set(sequence, {
      from: Math.min(span.from, offset), to: Math.max(span.to, offset + length),
    });
  }
  return spans;
}
