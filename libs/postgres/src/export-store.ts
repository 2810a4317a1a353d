// Exports: what was asked for, how far it is, and its result in compressed pieces. Each step is one
// transaction, so that an export goes on where it was, whatever was killed.
import { type PoolClient } from 'pg';
import { type Database } from './database';

export type ExportState = 'running' | 'done' | 'failed';

export interface NewExport {
  readonly id: string;
  readonly format: string;
  /** As it was asked; JSON. */
  readonly question: unknown;
  /** What the result begins with. */
  readonly head: string;
  readonly fromLeaf: number;
  readonly toLeaf: number;
  /** Of the checkpoint that a bundle's proofs lead to. */
  readonly treeSize: number | null;
}

export interface ExportRecord extends NewExport {
  readonly state: ExportState;
  readonly nextLeaf: number;
  readonly events: number;
  readonly chunks: number;
  /** Of the result as it is downloaded. */
  readonly bytes: number;
  readonly error: string | null;
  readonly createdAtMs: number;
  readonly endedAtMs: number | null;
}

export interface ExportStep {
  readonly nextLeaf: number;
  readonly events: number;
  /** Compressed, with their plain sizes. */
  readonly chunks: readonly { readonly compressed: Uint8Array; readonly bytes: number }[];
  readonly isDone: boolean;
}

export async function addExport(database: Database, made: NewExport): Promise<void> {
  await database.query(
    `INSERT INTO exports (id, state, format, question, head, from_leaf, next_leaf, to_leaf, tree_size)
     VALUES ($1, 'running', $2, $3::jsonb, $4, $5, $5, $6, $7)`,
    [
      made.id, made.format, JSON.stringify(made.question), made.head, made.fromLeaf, made.toLeaf,
      made.treeSize,
    ],
  );
}

export async function findExport(database: Database, id: string): Promise<ExportRecord | null> {
  const [row] = await database.query<Row>(`SELECT ${columns} FROM exports WHERE id = $1`, [id]);
  return row === undefined ? null : recordOf(row);
}

/** The oldest that is not done. */
export async function nextExport(database: Database): Promise<ExportRecord | null> {
  const [row] = await database.query<Row>(
    `SELECT ${columns} FROM exports WHERE state = 'running' ORDER BY created_at, id LIMIT 1`,
  );
  return row === undefined ? null : recordOf(row);
}

export async function runningExports(database: Database): Promise<number> {
  const [row] = await database.query<{ count: string }>(
    `SELECT count(*) AS count FROM exports WHERE state = 'running'`,
  );
  return Number(row?.count ?? 0);
}

/** Does nothing when another process has taken this step already. */
export async function advanceExport(
  database: Database, before: ExportRecord, step: ExportStep,
): Promise<void> {
  const bytes = step.chunks.reduce((sum, chunk) => sum + chunk.bytes, 0);
  await database.transaction(async (client) => {
    const moved = await client.query(
      `UPDATE exports SET next_leaf = $3, events = events + $4, chunks = chunks + $5,
              bytes = bytes + $6, state = CASE WHEN $7 THEN 'done' ELSE state END,
              ended_at = CASE WHEN $7 THEN now() END
       WHERE id = $1 AND chunks = $2 AND next_leaf = $8 AND state = 'running'`,
      [
        before.id, before.chunks, step.nextLeaf, step.events, step.chunks.length, bytes, step.isDone,
        before.nextLeaf,
      ],
    );
    if (moved.rowCount === 1) await writeChunks(client, before, step);
  });
}

async function writeChunks(client: PoolClient, before: ExportRecord, step: ExportStep): Promise<void> {
  for (const [at, { compressed }] of step.chunks.entries()) {
    await client.query(
      'INSERT INTO export_chunks (export_id, index, bytes) VALUES ($1, $2, $3)',
      [before.id, before.chunks + at, compressed],
    );
  }
}

export async function failExport(database: Database, id: string, error: string): Promise<void> {
  await database.query(
    `UPDATE exports SET state = 'failed', error = $2, ended_at = now() WHERE id = $1`, [id, error],
  );
}

/** null: there is no such piece. */
export async function readChunk(
  database: Database, id: string, index: number,
): Promise<Buffer | null> {
  const [row] = await database.query<{ bytes: Buffer }>(
    'SELECT bytes FROM export_chunks WHERE export_id = $1 AND index = $2', [id, index],
  );
  return row?.bytes ?? null;
}

export async function forgetExports(database: Database, olderThanMs: number): Promise<void> {
  await database.query(
    `DELETE FROM exports WHERE created_at < now() - make_interval(secs => $1)`, [olderThanMs / 1_000],
  );
}

const columns = `id, state, format, question, head, from_leaf, next_leaf, to_leaf, tree_size, events,
  chunks, bytes, error, created_at, ended_at`;

interface Row {
  readonly id: string;
  readonly state: ExportState;
  readonly format: string;
  readonly question: unknown;
  readonly head: string;
  readonly from_leaf: string;
  readonly next_leaf: string;
  readonly to_leaf: string;
  readonly tree_size: string | null;
  readonly events: string;
  readonly chunks: number;
  readonly bytes: string;
  readonly error: string | null;
  readonly created_at: Date;
  readonly ended_at: Date | null;
}

function recordOf(row: Row): ExportRecord {
  const { id, state, format, question, head, chunks, error } = row;
  return {
    id, state, format, question, head, chunks, error,
    fromLeaf: Number(row.from_leaf), nextLeaf: Number(row.next_leaf), toLeaf: Number(row.to_leaf),
    treeSize: row.tree_size === null ? null : Number(row.tree_size),
    events: Number(row.events), bytes: Number(row.bytes), createdAtMs: row.created_at.getTime(),
    endedAtMs: row.ended_at?.getTime() ?? null,
  };
}
