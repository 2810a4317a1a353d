// Answers `GET /audit/v1/events`: a page of events, as they stand in the archive. The cursor is a place
// in the log, so pages stay what they are while new events arrive.
import { type Database } from '@libs/postgres/database';
import { findEvents, type FoundRow, type LeafRange } from '@libs/postgres/event-reads';
import { type EventLine, readLines } from '@libs/postgres/event-lines';
import { readIndexPosition } from '@libs/postgres/index-store';
import { type AuditRefused, type EventsPage } from '@libs/signals/ask-audit';
import { type EventAnswers } from '../shared/event-answers';
import { askedOf } from '../shared/event-filter';

/** NATS takes messages of 1 MB: a page ends before, whatever was asked for. */
const pageBytesMax = 600 * 1024;
/** The edge waits 5 s. What is rare is not looked for any longer at once: the cursor goes on. */
const lookMsMax = 2_500;

export function answerEvents(database: Database): EventAnswers {
  return {
    async events(question, page) {
      const { size, sequence } = await readIndexPosition(database);
      const asked = await askedOf(database, question, size);
      if ('refused' in asked) return asked;
      const within = behindCursor(asked.within, page);
      const found = await findEvents(database, asked.filter, within, {
        newestFirst: page.newestFirst, limit: page.limit, withinMs: lookMsMax,
      });
      const rows = fitting(found.rows);
      const isCut = rows.length < found.rows.length;
      const shown = await shownOf(database, rows);
      if ('refused' in shown) return shown;
      const hasMore = isCut || found.rest.from < found.rest.to;
      return {
        object: 'list', data: shown.views, has_more: hasMore,
        next: hasMore ? cursorOf(isCut ? rows.at(-1)?.leaf ?? null : null, found.rest, page) : null,
        indexed_sequence: sequence,
      };
    },
  };
}

/** What the archive has not as the index knows it was changed behind our back: that is no outage. */
async function shownOf(
  database: Database, rows: readonly FoundRow[],
): Promise<{ readonly views: readonly object[] } | AuditRefused> {
  try {
    return { views: (await readLines(database, rows)).map(viewOf) };
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    return { refused: 'not_archived', message: `${error.message}; \`holdfast verify\` names what was changed.` };
  }
}

function behindCursor({ from, to }: LeafRange, { after, newestFirst }: EventsPage): LeafRange {
  if (after === null) return { from, to };
  return newestFirst ? { from, to: Math.min(to, after) } : { from: Math.max(from, after + 1), to };
}

/** At least one. */
function fitting<Row extends { readonly length: number }>(rows: readonly Row[]): readonly Row[] {
  let bytes = 0;
  const end = rows.findIndex(({ length }, at) => {
    bytes += length;
    return at > 0 && bytes > pageBytesMax;
  });
  return end < 0 ? rows : rows.slice(0, end);
}

/** Of the last row shown, or of what was looked through in vain. */
function cursorOf(last: number | null, rest: LeafRange, { newestFirst }: EventsPage): string {
  return String(last ?? (newestFirst ? rest.to : rest.from - 1));
}

function viewOf({ sequence, line, leaf, loggedAtMs, bytes }: EventLine): object {
  return {
    seq: sequence, line, leaf_index: leaf, logged_at: new Date(loggedAtMs).toISOString(),
    event: parsed(bytes, sequence, line),
  };
}

function parsed(bytes: Buffer, sequence: number, line: number): unknown {
  try {
    return JSON.parse(bytes.toString('utf8'));
  } catch (error) {
    throw new RangeError(`event line ${line} of commit ${sequence} is not as it was archived`, { cause: error });
  }
}
