// Finds event lines in the events index. Walks over its partitions from one end, a few at a time, so
// that a page costs what it shows, and not what there is.
import { type Database } from './database';
import { linesPerPartition, partitionOfLeaf } from './event-partitions';
import type { EventRow } from './index-store';

/** What is asked for; null: whatever it is. */
export interface EventFilter {
  readonly types: readonly string[] | null;
  readonly subject: string | null;
  readonly tenant: string | null;
  readonly actor: string | null;
  readonly key: string | null;
  readonly team: string | null;
  readonly model: string | null;
  readonly provider: string | null;
  readonly outcome: string | null;
  /** All of them in its metadata. */
  readonly words: readonly string[] | null;
  /** Commits, both ends included. */
  readonly fromSequence: number | null;
  readonly toSequence: number | null;
}

/** Places in the log: from the first up to, and not with, the last. */
export interface LeafRange {
  readonly from: number;
  readonly to: number;
}

/** An event line of the index, with its place in the audit tree. */
export interface FoundRow extends Omit<EventRow, 'place' | 'words'> {
  readonly leaf: number;
}

export interface EventPage {
  readonly rows: readonly FoundRow[];
  /** What was not looked at: empty when there is no more. */
  readonly rest: LeafRange;
}

export interface PageOrder {
  readonly newestFirst: boolean;
  readonly limit: number;
  /** Looks no longer: what was found by then is the page. */
  readonly withinMs: number;
}

/**
 * The first partition, and one whole one, often have enough; what is rare is looked for in many at
 * once. There an index is used whatever PostgreSQL thinks of walking in order: it takes what is common
 * for common together, and would read everything (two filters that never fit together: 1.1 s with 15
 * partitions). With several filters that is so from the first partition with indexes on.
 */
const groups = [1, 1, 2, 4, 8, 16];
const inOrderPieces = 2;

/** The next rows of a range, and what of it is left. @throws Fault archive_unavailable */
export async function findEvents(
  database: Database, filter: EventFilter, within: LeafRange, order: PageOrder,
): Promise<EventPage> {
  const until = performance.now() + order.withinMs;
  const rows: FoundRow[] = [];
  let rest = within;
  const inOrder = filtersOf(filter) > 1 ? inOrderPieces - 1 : inOrderPieces;
  for (let pieces = 0; rest.from < rest.to; pieces += 1) {
    const group = groups[Math.min(pieces, groups.length - 1)] ?? 1;
    const piece = pieceOf(rest, group, order.newestFirst);
    const missing = order.limit - rows.length;
    const by = pieces < inOrder ? 'leaf' : 'leaf + 0';
    const found = await query(database, filter, piece, { ...order, limit: missing, by });
    rows.push(...found);
    const last = found.at(-1);
    if (last !== undefined && found.length === missing) {
      return { rows, rest: behind(rest, last.leaf, order.newestFirst) };
    }
    rest = order.newestFirst ? { ...rest, to: piece.from } : { ...rest, from: piece.to };
    if (performance.now() > until) break;
  }
  return { rows, rest };
}

/**
 * Where these commits stand, or a little more: one commit of so many has its place noted with the
 * audit tree.
 */
export async function leavesOf(
  database: Database, { fromSequence, toSequence }: EventFilter, size: number,
): Promise<LeafRange> {
  const [row] = await database.query<{ first: string | null; last: string | null }>(
    `SELECT (SELECT first_leaf FROM tree_marks WHERE sequence <= $1
             ORDER BY sequence DESC LIMIT 1) AS first,
            (SELECT first_leaf FROM tree_marks WHERE sequence > $2
             ORDER BY sequence LIMIT 1) AS last`,
    [fromSequence, toSequence],
  );
  const to = row?.last == null ? size : Math.min(size, Number(row.last));
  return { from: Math.min(to, Number(row?.first ?? 0)), to };
}

/** Whole partitions at the end it begins with. */
function pieceOf(rest: LeafRange, count: number, newestFirst: boolean): LeafRange {
  if (newestFirst) {
    const first = partitionOfLeaf(rest.to - 1) - count + 1;
    return { from: Math.max(rest.from, first * linesPerPartition), to: rest.to };
  }
  const last = partitionOfLeaf(rest.from) + count;
  return { from: rest.from, to: Math.min(rest.to, last * linesPerPartition) };
}

function behind(rest: LeafRange, leaf: number, newestFirst: boolean): LeafRange {
  return newestFirst ? { from: rest.from, to: leaf } : { from: leaf + 1, to: rest.to };
}

async function query(
  database: Database, filter: EventFilter, { from, to }: LeafRange,
  order: PageOrder & { readonly by: string },
): Promise<FoundRow[]> {
  const values: unknown[] = [from, to, order.limit];
  const conditions = ['leaf >= $1', 'leaf < $2'];
  const add = (condition: (place: string) => string, value: unknown): void => {
    if (value === null) return;
    values.push(value);
    conditions.push(condition(`$${values.length}`));
  };
  add((place) => `type = ANY(${place}::text[])`, filter.types);
  for (const name of equal) add((place) => `${name} = ${place}`, filter[name]);
  add((place) => `words @> ${place}::text[]`, filter.words);
  add((place) => `sequence >= ${place}`, filter.fromSequence);
  add((place) => `sequence <= ${place}`, filter.toSequence);
  const rows = await database.query<FoundRecord>(
    `SELECT leaf, sequence, line, line_offset AS offset, line_length AS length, type, subject,
            tenant, actor, key, team, model, provider, outcome
     FROM events WHERE ${conditions.join(' AND ')}
     ORDER BY ${order.by} ${order.newestFirst ? 'DESC' : 'ASC'} LIMIT $3`,
    values,
  );
  return rows.map((row) => ({ ...row, leaf: Number(row.leaf), sequence: Number(row.sequence) }));
}

function filtersOf({ types, words, ...filter }: EventFilter): number {
  return [types, words, ...equal.map((name) => filter[name])].filter((value) => value !== null).length;
}

const equal = [
  'subject', 'tenant', 'actor', 'key', 'team', 'model', 'provider', 'outcome',
] as const;

type FoundRecord = Omit<FoundRow, 'leaf' | 'sequence'> & {
  readonly leaf: string; readonly sequence: string;
};
