// Bulk COPY into a table, through pg-copy-streams.
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { type PoolClient } from 'pg';
import { from as copyFrom } from 'pg-copy-streams';
import { type ColumnType, type ColumnValue, encodeRows } from './binary-copy';

/** Columns in order, name to type. */
export type Columns = Readonly<Record<string, ColumnType>>;

export async function copyRows(
  client: PoolClient, table: string, columns: Columns, rows: readonly (readonly ColumnValue[])[],
): Promise<void> {
  if (rows.length === 0) return;
  const names = Object.keys(columns).join(', ');
  const stream = client.query(copyFrom(`COPY ${table} (${names}) FROM STDIN (FORMAT binary)`));
  await pipeline(Readable.from(encodeRows(Object.values(columns), rows)), stream);
}

/**
 * Inserts or replaces rows by their first column: COPY into a temporary table, then one statement.
 * `merge` gives the SET expression of a column where replacing is not what is wanted.
 */
export async function upsertRows(
  client: PoolClient, table: string, rows: readonly (readonly ColumnValue[])[],
  shape: { readonly columns: Columns; readonly merge?: Readonly<Record<string, string>> },
): Promise<void> {
  if (rows.length === 0) return;
  const names = Object.keys(shape.columns);
  const [id, ...others] = names;
  const staging = `staging_${table}`;
  await client.query(
    `CREATE TEMP TABLE IF NOT EXISTS ${staging} (LIKE ${table}) ON COMMIT DELETE ROWS`,
  );
  await copyRows(client, staging, shape.columns, rows);
  const sets = others.map((name) => `${name} = ${shape.merge?.[name] ?? `excluded.${name}`}`);
  await client.query(
    `INSERT INTO ${table} AS old (${names.join(', ')}) SELECT ${names.join(', ')} FROM ${staging}
     ON CONFLICT (${id ?? ''}) DO UPDATE SET ${sets.join(', ')}`,
  );
}
