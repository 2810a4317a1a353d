// The one door to PostgreSQL: a pool for our own SQL, TypeORM for migrations. Connects lazily, so
// that a service starts and serves while the database is away.
import { Pool, type PoolClient } from 'pg';
import { DataSource } from 'typeorm';
import { Fault } from '@libs/faults/faults';
import { Archive1764000000000 } from './migrations/archive-1764000000000';
import { AuditTree1764700000000 } from './migrations/audit-tree-1764700000000';
import { ContentKeys1765100100000 } from './migrations/content-keys-1765100100000';
import { DataSubjects1765100000000 } from './migrations/data-subjects-1765100000000';
import { DeadLetters1764600000000 } from './migrations/dead-letters-1764600000000';
import { EventsIndex1764800000000 } from './migrations/events-index-1764800000000';
import { KeptKeys1765200000000 } from './migrations/kept-keys-1765200000000';
import { KeptSnapshots1765900000000 } from './migrations/kept-snapshots-1765900000000';

/** Any constant will do; it names our lock among a database's advisory locks. */
const migrationLock = 7_301_001;

export interface Database {
  readonly url: string;
  readonly pool: Pool;
  /** @throws Fault archive_unavailable */
  query<Row extends object>(sql: string, values?: readonly unknown[]): Promise<Row[]>;
  /** Runs in one transaction on one connection. @throws Fault archive_unavailable */
  transaction<T>(work: (client: PoolClient) => Promise<T>): Promise<T>;
  close(): Promise<void>;
}

export interface DatabaseOptions {
  readonly url: string;
  readonly connectionsMax: number;
  /** A statement that takes longer is stopped by the server; 0 for none. */
  readonly statementTimeoutMs: number;
  readonly onError: (error: Error) => void;
}

export function openDatabase(options: DatabaseOptions): Database {
  const pool = new Pool({
    connectionString: options.url,
    max: options.connectionsMax,
    connectionTimeoutMillis: 3_000,
    statement_timeout: options.statementTimeoutMs,
    keepAlive: true,
  });
  // An idle connection that breaks is reported here; unhandled it would end the process.
  pool.on('error', options.onError);
  return {
    url: options.url,
    pool,
    query: async <Row extends object>(sql: string, values: readonly unknown[] = []) => {
      const result = await asFault(() => pool.query<Row>(sql, [...values]));
      return result.rows;
    },
    transaction: (work) => transaction(pool, work),
    close: () => pool.end(),
  };
}

async function transaction<T>(pool: Pool, work: (client: PoolClient) => Promise<T>): Promise<T> {
  const client = await asFault(() => pool.connect());
  // The pool listens to idle connections only. What breaks this one, the next query tells.
  const ignore = (): void => undefined;
  client.on('error', ignore);
  let failure: Error | undefined;
  try {
    await asFault(() => client.query('BEGIN'));
    const result = await asFault(() => work(client));
    await asFault(() => client.query('COMMIT'));
    return result;
  } catch (error) {
    failure = error as Error;
    // Rolling back fails when the connection is what failed; the first error is the one to tell.
    await client.query('ROLLBACK').catch((rollback: unknown) => {
      failure = new Fault('archive_unavailable', String(rollback), { cause: error });
    });
    throw failure;
  } finally {
    const broken = failure instanceof Fault ? failure : undefined;
    client.release(broken);
    // A broken one is closed by the pool and may have more to say; nobody else listens then.
    if (broken === undefined) client.off('error', ignore);
  }
}

/** Turns what PostgreSQL or the network throws into the fault callers know. */
async function asFault<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof Fault) throw error;
    const message = error instanceof Error ? error.message : String(error);
    throw new Fault('archive_unavailable', `postgres: ${message}`, { cause: error });
  }
}

/**
 * Brings the schema up to date, one process at a time (advisory lock).
 * @throws Fault archive_unavailable
 */
export async function migrate(url: string): Promise<void> {
  const source = new DataSource({
    type: 'postgres',
    url,
    migrations: [
      Archive1764000000000, DeadLetters1764600000000, AuditTree1764700000000,
      EventsIndex1764800000000, DataSubjects1765100000000, ContentKeys1765100100000,
      KeptKeys1765200000000,
      KeptSnapshots1765900000000,
    ],
    migrationsTableName: 'holdfast_migrations',
    // The lock holds one connection while the migrations run on another.
    extra: { max: 2, connectionTimeoutMillis: 3_000 },
  });
  await asFault(async () => {
    await source.initialize();
    const lock = source.createQueryRunner();
    try {
      await lock.query('SELECT pg_advisory_lock($1)', [migrationLock]);
      await source.runMigrations({ transaction: 'all' });
    } finally {
      await lock.release();
      await source.destroy();
    }
  });
}
