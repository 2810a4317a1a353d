// What was spent by day: sums, to which each batch of commits adds. What is added is decided by the
// audit service; here is how it is written.
import { type PoolClient } from 'pg';

/** What sums are kept by. Days are those of UTC, of when it stood in the log. */
export interface SpentBy {
  /** Names the others, so that one column is the key. */
  readonly id: string;
  readonly dayMs: number;
  readonly tenant: string;
  readonly team: string | null;
  readonly key: string | null;
  readonly provider: string | null;
  readonly model: string | null;
}

export interface SpendSums {
  readonly picoUsd: bigint;
  readonly inputTokens: number;
  readonly outputTokens: number;
  /** Of the input tokens. */
  readonly cachedTokens: number;
  /** Jobs that came to their outcome. */
  readonly requests: number;
  /** Of these, those that failed or expired. */
  readonly failed: number;
  /** Calls of providers that were heard of. */
  readonly calls: number;
  /** Calls whose cost was not known when they were heard of; and of them, those heard of later. */
  readonly unknown: number;
  readonly resolved: number;
}

export type SpendRow = SpentBy & SpendSums;
export type LabelledSpendRow = SpendRow & { readonly metadata: Readonly<Record<string, string>> };

export interface SpendRows {
  readonly all: readonly SpendRow[];
  readonly labelled: readonly LabelledSpendRow[];
}

export interface SpendTables {
  readonly spend: string;
  readonly labelledSpend: string;
}

const byColumns = {
  id: 'text', day: 'date', tenant: 'text', team: 'text', key: 'text', provider: 'text', model: 'text',
} as const;

const sumColumns = {
  cost_pico_usd: 'bigint', input_tokens: 'bigint', output_tokens: 'bigint', cached_tokens: 'bigint',
  requests: 'bigint', failed: 'bigint', calls: 'bigint', unknown: 'bigint', resolved: 'bigint',
} as const;

const sumNames = Object.keys(sumColumns) as (keyof typeof sumColumns)[];

const spendColumns = { ...byColumns, ...sumColumns };
const labelledColumns = { ...byColumns, metadata: 'jsonb', ...sumColumns };

/** Adds the rows of one batch inside the caller's transaction. */
export async function writeSpend(
  client: PoolClient, tables: SpendTables, rows: SpendRows,
): Promise<void> {
  await addRows(client, tables.spend, spendColumns, rows.all.map(record));
  await addRows(client, tables.labelledSpend, labelledColumns,
    rows.labelled.map((row) => ({ ...record(row), metadata: row.metadata })));
}

/**
 * In one statement: the rows are few, and a temporary table to copy them into costs more than they do.
 */
async function addRows(
  client: PoolClient, table: string, columns: Readonly<Record<string, string>>,
  rows: readonly object[],
): Promise<void> {
  if (rows.length === 0) return;
  const names = Object.keys(columns).join(', ');
  const types = Object.entries(columns).map(([name, type]) => `${name} ${type}`).join(', ');
  const sums = sumNames.map((name) => `${name} = old.${name} + excluded.${name}`).join(', ');
  await client.query(
    `INSERT INTO ${table} AS old (${names})
     SELECT ${names} FROM json_to_recordset($1::json) AS row (${types})
     ON CONFLICT (id) DO UPDATE SET ${sums}`,
    [JSON.stringify(rows, withoutNul)],
  );
}

/** PostgreSQL's text cannot hold U+0000. */
function withoutNul(_name: string, value: unknown): unknown {
  return typeof value === 'string' && value.includes('\0') ? value.replaceAll('\0', '\ufffd') : value;
}

function record(row: SpendRow): object {
  return {
    id: row.id, day: new Date(row.dayMs).toISOString().slice(0, 10), tenant: row.tenant,
    team: row.team, key: row.key, provider: row.provider, model: row.model,
    cost_pico_usd: String(row.picoUsd), input_tokens: row.inputTokens,
    output_tokens: row.outputTokens, cached_tokens: row.cachedTokens, requests: row.requests,
    failed: row.failed, calls: row.calls, unknown: row.unknown, resolved: row.resolved,
  };
}
