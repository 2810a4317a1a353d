// Partitions of the events index. Each holds the same number of event lines, by their place in the log:
// the archiver makes the next one ahead, and a full one gets its indexes at once, which costs a
// fraction of what keeping them row by row does (ADR 19).
import { type PoolClient } from 'pg';
import { type Database } from './database';

/**
 * What is looked for in the one that is not full yet is read through: some 30 ms at this size, on a busy
 * machine. Ten million event lines are 77 partitions, of which a question plans for 16 at a time.
 */
export const linesPerPartition = 131_072;

export function partitionOfLeaf(leaf: number): number {
  return Math.floor(leaf / linesPerPartition);
}

export function partitionTable(number: number): string {
  return `events_p${number}`;
}

/**
 * Makes those that are missing up to `last`. Attached, not made in place: that would wait for, and
 * stop, every reader.
 */
export async function makePartitions(client: PoolClient, made: number, last: number): Promise<void> {
  for (let number = made; number <= last; number += 1) {
    const table = partitionTable(number);
    await client.query(`CREATE TABLE ${table} (LIKE events INCLUDING ALL)`);
    await client.query(
      `ALTER TABLE events ATTACH PARTITION ${table}
       FOR VALUES FROM (${number * linesPerPartition}) TO (${(number + 1) * linesPerPartition})`,
    );
  }
}

/** What is asked for alone or together; the order within a value is that of the log. */
const indexes: Readonly<Record<string, string>> = {
  subject: '(subject)',
  tenant: '(tenant, type)',
  type: '(type)',
  model: '(model, provider) WHERE model IS NOT NULL',
  provider: '(provider) WHERE provider IS NOT NULL',
  key: '(key) WHERE key IS NOT NULL',
  team: '(team) WHERE team IS NOT NULL',
  outcome: '(outcome) WHERE outcome IS NOT NULL',
  actor: '(actor) WHERE actor IS NOT NULL',
  words: 'USING gin (words) WHERE words IS NOT NULL',
};

/** The next full partition without indexes, null when there is none. */
export async function nextToSeal(database: Database): Promise<number | null> {
  const [row] = await database.query<{ number: number | null; size: string }>(
    `SELECT size, (SELECT max(number) FROM event_partitions) AS number FROM index_position`,
  );
  const next = (row?.number ?? -1) + 1;
  return next < partitionOfLeaf(Number(row?.size ?? 0)) ? next : null;
}

/** Any step may be done again. Readers go on meanwhile; nobody writes to a full partition. */
export async function sealPartition(database: Database, number: number): Promise<void> {
  const table = partitionTable(number);
  for (const [name, what] of Object.entries(indexes)) {
    await database.query(`CREATE INDEX IF NOT EXISTS ${table}_${name} ON ${table} ${what}`);
  }
  await database.query(`ANALYZE ${table}`);
  await database.query(
    `INSERT INTO event_partitions (number, sealed_at) VALUES ($1, now()) ON CONFLICT DO NOTHING`,
    [number],
  );
}
