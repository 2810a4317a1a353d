// Reads the archive from Postgres as it stands, with a client of its own.
import { createHash } from 'node:crypto';
import pg from 'pg';
import { type Archive } from '../evidence/evidence';

export async function archivedSequence(url: string): Promise<number> {
  return withClient(url, async (client) => {
    const { rows } = await client.query<{ sequence: string }>(
      'SELECT sequence FROM archive_position');
    return Number(rows[0]?.sequence ?? 0);
  });
}

export async function readArchive(url: string): Promise<Archive> {
  return withClient(url, async (client) => {
    const commits = await client.query<CommitRow>(
      'SELECT sequence, subject, msg_id, bytes FROM commits ORDER BY sequence');
    const objects = await client.query<{ sha256: string; bytes: Buffer }>(
      'SELECT sha256, bytes FROM objects');
    const spend = await client.query<SpendRow>(
      `SELECT tenant, key, sum(cost_pico_usd)::text AS pico, count(*)::text AS calls
       FROM attempts WHERE cost_pico_usd IS NOT NULL GROUP BY tenant, key`);
    return {
      commits: commits.rows.map((row) => ({
        sequence: Number(row.sequence), subject: row.subject, msgId: row.msg_id, bytes: row.bytes,
      })),
      objects: new Map(objects.rows.map(({ sha256, bytes }) => [
        sha256, createHash('sha256').update(bytes).digest('hex')])),
      spend: spend.rows.map(({ tenant, key, pico, calls }) => ({
        tenant, key, picoUsd: pico, calls: Number(calls),
      })),
    };
  });
}

interface CommitRow {
  readonly sequence: string;
  readonly subject: string;
  readonly msg_id: string;
  readonly bytes: Buffer;
}

interface SpendRow {
  readonly tenant: string;
  readonly key: string;
  readonly pico: string;
  readonly calls: string;
}

async function withClient<T>(url: string, work: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}
