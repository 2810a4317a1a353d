// Questions about what was spent: sums of the spend by day, by whatever it is kept by.
import { type Database } from './database';

export const spendDimensions = ['customer', 'team', 'key', 'provider', 'model', 'day'] as const;
export type SpendDimension = (typeof spendDimensions)[number];

export interface SpendQuestion {
  /** Days of UTC as YYYY-MM-DD, both included. */
  readonly from: string;
  readonly to: string;
  readonly groupBy: readonly SpendDimension[];
  /** Names in metadata: sums by their values, null where a job has none. */
  readonly metadata: readonly string[];
  /** Only these. */
  readonly only: Readonly<Partial<Record<SpendDimension, string>>>;
}

/** Whole numbers as text: sums may be more than a number holds exactly. */
export interface SpendLine {
  /** Of the dimensions, then of metadata, in the order asked for. */
  readonly by: readonly (string | null)[];
  readonly picoUsd: string;
  readonly inputTokens: string;
  readonly outputTokens: string;
  readonly cachedTokens: string;
  readonly requests: string;
  readonly failed: string;
  readonly calls: string;
  /** Calls whose cost nobody knows yet. */
  readonly unknown: string;
}

export interface SpendReport {
  readonly lines: readonly SpendLine[];
  /** There were more than `linesMax`. */
  readonly isCut: boolean;
}

/** A report of more lines is for nobody to read; it would bind memory of the edge. */
export const spendLinesMax = 100_000;

const expressions: Readonly<Record<SpendDimension, string>> = {
  customer: 'tenant', team: 'team', key: 'key', provider: 'provider', model: 'model',
  day: "to_char(day, 'YYYY-MM-DD')",
};

const sums = `sum(cost_pico_usd)::text AS "picoUsd", sum(input_tokens)::text AS "inputTokens",
  sum(output_tokens)::text AS "outputTokens", sum(cached_tokens)::text AS "cachedTokens",
  sum(requests)::text AS requests, sum(failed)::text AS failed, sum(calls)::text AS calls,
  (sum(unknown) - sum(resolved))::text AS unknown`;

const sumColumns = [
  'cost_pico_usd', 'input_tokens', 'output_tokens', 'cached_tokens', 'requests', 'failed', 'calls',
  'unknown', 'resolved',
];

/** Everything, by value of metadata: what has labels, and the rest, which is all less that. */
const byMetadata = `
  SELECT day, tenant, team, key, provider, model, metadata, ${sumColumns.join(', ')}
  FROM labelled_spend WHERE day BETWEEN $1 AND $2
  UNION ALL
  SELECT day, tenant, team, key, provider, model, NULL, ${sumColumns.join(', ')}
  FROM spend WHERE day BETWEEN $1 AND $2
  UNION ALL
  SELECT day, tenant, team, key, provider, model, NULL, ${
    sumColumns.map((name) => `-${name}`).join(', ')}
  FROM labelled_spend WHERE day BETWEEN $1 AND $2`;

const byDay = 'SELECT * FROM spend WHERE day BETWEEN $1 AND $2';

/** @throws Fault archive_unavailable */
export async function readSpend(database: Database, question: SpendQuestion): Promise<SpendReport> {
  const { from, to, groupBy, metadata, only } = question;
  const values: unknown[] = [from, to];
  const place = (value: unknown): string => `$${values.push(value)}`;
  const by = [
    ...groupBy.map((name) => expressions[name]),
    ...metadata.map((name) => `metadata ->> ${place(name)}::text`),
  ];
  const conditions = Object.entries(only)
    .map(([name, value]) => `${expressions[name as SpendDimension]} = ${place(value)}`);
  const columns = by.map((expression, at) => `${expression} AS by_${at}`);
  const places = by.map((_, at) => String(at + 1)).join(', ');
  const rows = await database.query<Omit<SpendLine, 'by'> & Record<string, string | null>>(
    `SELECT ${[...columns, sums].join(', ')}
     FROM (${metadata.length === 0 ? byDay : byMetadata}) AS spent
     ${conditions.length === 0 ? '' : `WHERE ${conditions.join(' AND ')}`}
     ${by.length === 0 ? '' : `GROUP BY ${places}`}
     HAVING ${sumColumns.map((name) => `sum(${name}) <> 0`).join(' OR ')}
     ${by.length === 0 ? '' : `ORDER BY ${places}`} LIMIT ${spendLinesMax + 1}`,
    values,
  );
  return {
    lines: rows.slice(0, spendLinesMax).map((row) => lineOf(row, by.length)),
    isCut: rows.length > spendLinesMax,
  };
}

function lineOf(row: Omit<SpendLine, 'by'> & Record<string, string | null>, count: number): SpendLine {
  const { picoUsd, inputTokens, outputTokens, cachedTokens, requests, failed, calls, unknown } = row;
  return {
    by: Array.from({ length: count }, (_, at) => row[`by_${at}`] ?? null),
    picoUsd, inputTokens, outputTokens, cachedTokens, requests, failed, calls, unknown,
  };
}
