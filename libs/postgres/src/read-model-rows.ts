// Rows of the read models, and how they are written. What they mean is decided by the projector.
import { type PoolClient } from 'pg';
import { type ColumnValue } from './binary-copy';
import { copyRows, upsertRows } from './copy';
import { type SpendTables } from './spend-rows';

export interface ReadModelRows {
  readonly jobs: readonly JobRow[];
  readonly attempts: readonly AttemptRow[];
  readonly deliveries: readonly DeliveryRow[];
  /** Jobs that were not in the tables before: with their attempts they need no merging. */
  readonly born: ReadonlySet<string>;
  /** Attempt rows that no longer hold (an unknown that became known). */
  readonly attemptsGone: readonly string[];
}

export interface JobRow {
  readonly id: string;
  readonly tenant: string;
  readonly team: string | null;
  readonly key: string;
  readonly status: string;
  readonly model: string;
  readonly createdAtMs: number;
  readonly settledAtMs: number | null;
  readonly metadata: string | null;
  readonly state: string;
  /** What a failed job failed of. */
  readonly errorClass: string | null;
  /** Name of the data subject; null: its content is not sealed. */
  readonly dataSubject: string | null;
  /** Of the events seen in this batch; appended to what is there. */
  readonly positions: readonly bigint[];
}

export interface AttemptRow {
  readonly attemptId: string;
  readonly jobId: string;
  readonly tenant: string;
  readonly key: string;
  readonly provider: string;
  readonly providerKey: string;
  readonly model: string;
  readonly outcome: string;
  readonly errorClass: string | null;
  readonly startedAtMs: number | null;
  readonly durationMs: number | null;
  readonly inputTokens: number | null;
  readonly outputTokens: number | null;
  readonly costPicoUsd: string | null;
}

export interface DeliveryRow {
  readonly id: string;
  readonly tenant: string;
  readonly jobId: string;
  readonly endpointId: string;
  readonly status: string;
  readonly tries: number;
  readonly nextAtMs: number | null;
  readonly lastStatus: number | null;
  readonly lastMessage: string | null;
}

export interface ReadModelTables extends SpendTables {
  readonly jobs: string;
  readonly attempts: string;
  readonly deliveries: string;
}

export const liveTables: ReadModelTables = {
  jobs: 'jobs', attempts: 'attempts', deliveries: 'deliveries', spend: 'spend',
  labelledSpend: 'labelled_spend',
};

const jobColumns = {
  id: 'text', tenant: 'text', team: 'text', key: 'text', status: 'text', model: 'text',
  created_at: 'timestamptz', settled_at: 'timestamptz', metadata: 'jsonb', state: 'text',
  positions: 'int8[]', error_class: 'text', data_subject: 'text',
} as const;

const attemptColumns = {
  attempt_id: 'text', job_id: 'text', tenant: 'text', key: 'text', provider: 'text',
  provider_key: 'text', model: 'text', outcome: 'text', error_class: 'text',
  started_at: 'timestamptz', duration_ms: 'int8', input_tokens: 'int8', output_tokens: 'int8',
  cost_pico_usd: 'int8',
} as const;

const deliveryColumns = {
  id: 'text', tenant: 'text', job_id: 'text', endpoint_id: 'text', status: 'text', tries: 'int4',
  next_at: 'timestamptz', last_status: 'int4', last_message: 'text',
} as const;

/**
 * Writes the rows of one batch inside the caller's transaction. Born jobs go straight into their
 * tables with their attempts, half of the server's work; everything else is merged.
 * @throws Fault archive_unavailable for which `wasThere` holds when a born job was in the table.
 */
export async function writeReadModels(
  client: PoolClient, tables: ReadModelTables, rows: ReadModelRows,
): Promise<void> {
  if (rows.attemptsGone.length > 0) {
    await client.query(`DELETE FROM ${tables.attempts} WHERE attempt_id = ANY($1)`, [rows.attemptsGone]);
  }
  const jobs = split(rows.jobs, ({ id }) => rows.born.has(id), jobValues);
  const attempts = split(rows.attempts, ({ jobId }) => rows.born.has(jobId), attemptValues);
  await copyRows(client, tables.jobs, jobColumns, jobs.born);
  await copyRows(client, tables.attempts, attemptColumns, attempts.born);
  await upsertRows(client, tables.jobs, jobs.known, {
    columns: jobColumns, merge: { positions: 'old.positions || excluded.positions' },
  });
  await upsertRows(client, tables.attempts, attempts.known, { columns: attemptColumns });
  await upsertRows(client, tables.deliveries, rows.deliveries.map(deliveryValues), {
    columns: deliveryColumns,
    merge: {
      last_status: 'coalesce(excluded.last_status, old.last_status)',
      last_message: 'coalesce(excluded.last_message, old.last_message)',
    },
  });
}

/** A row that should have been new was in its table: SQLSTATE 23505 (documentation, appendix A). */
export function wasThere(error: unknown): boolean {
  const cause = (error as { readonly cause?: { readonly code?: unknown } }).cause;
  return cause?.code === '23505';
}

interface Split {
  readonly born: ColumnValue[][];
  readonly known: ColumnValue[][];
}

function split<Row>(
  rows: readonly Row[], isBorn: (row: Row) => boolean, values: (row: Row) => ColumnValue[],
): Split {
  const result: Split = { born: [], known: [] };
  for (const row of rows) (isBorn(row) ? result.born : result.known).push(values(row));
  return result;
}

function jobValues(row: JobRow): ColumnValue[] {
  return [
    row.id, row.tenant, row.team, row.key, row.status, row.model, row.createdAtMs,
    row.settledAtMs, row.metadata, row.state, row.positions, row.errorClass,
    row.dataSubject,
  ];
}

function attemptValues(row: AttemptRow): ColumnValue[] {
  return [
    row.attemptId, row.jobId, row.tenant, row.key, row.provider, row.providerKey, row.model,
    row.outcome, row.errorClass, row.startedAtMs, row.durationMs, row.inputTokens,
    row.outputTokens, row.costPicoUsd,
  ];
}

function deliveryValues(row: DeliveryRow): ColumnValue[] {
  return [
    row.id, row.tenant, row.jobId, row.endpointId, row.status, row.tries, row.nextAtMs,
    row.lastStatus, row.lastMessage,
  ];
}
