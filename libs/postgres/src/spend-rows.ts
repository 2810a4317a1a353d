// What was spent by day: sums, to which each batch of commits adds. What is added is decided by the
// audit service; here is how it is written.
import { type PoolClient } from 'pg';
import { type ColumnValue } from './binary-copy';
import { upsertRows } from './copy';

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
export type LabelledSpendRow = SpendRow & { readonly metadata: string };

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
  cost_pico_usd: 'int8', input_tokens: 'int8', output_tokens: 'int8', cached_tokens: 'int8',
  requests: 'int8', failed: 'int8', calls: 'int8', unknown: 'int8', resolved: 'int8',
} as const;

export const sumNames = Object.keys(sumColumns) as (keyof typeof sumColumns)[];

const added: Readonly<Record<string, string>> = {
  ...Object.fromEntries(Object.keys(byColumns).map((name) => [name, `old.${name}`])),
  ...Object.fromEntries(sumNames.map((name) => [name, `old.${name} + excluded.${name}`])),
};

/** Adds the rows of one batch inside the caller's transaction. */
export async function writeSpend(
  client: PoolClient, tables: SpendTables, rows: SpendRows,
): Promise<void> {
  await upsertRows(client, tables.spend, rows.all.map(values), {
    columns: { ...byColumns, ...sumColumns }, merge: added,
  });
  await upsertRows(client, tables.labelledSpend, rows.labelled.map(labelledValues), {
    columns: { ...byColumns, ...sumColumns, metadata: 'jsonb' },
    merge: { ...added, metadata: 'old.metadata' },
  });
}

function values(row: SpendRow): ColumnValue[] {
  return [
    row.id, row.dayMs, row.tenant, row.team, row.key, row.provider, row.model, row.picoUsd,
    row.inputTokens, row.outputTokens, row.cachedTokens, row.requests, row.failed, row.calls,
    row.unknown, row.resolved,
  ];
}

function labelledValues(row: LabelledSpendRow): ColumnValue[] {
  return [...values(row), row.metadata];
}
