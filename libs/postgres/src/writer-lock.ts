// At most one process writes the archive: a session's advisory lock, held by a connection of its own.
import { Client } from 'pg';
import { Fault } from '@libs/faults/faults';

const writerLock = 7_301_002;

export interface WriterLock {
  /** Rejects when the connection that holds the lock breaks; never resolves. */
  readonly lost: Promise<never>;
  release(): Promise<void>;
}

/** Takes the lock if it is free; null when another process has it. @throws Fault archive_unavailable */
export async function takeWriterLock(url: string): Promise<WriterLock | null> {
  const client = new Client({ connectionString: url, connectionTimeoutMillis: 3_000, keepAlive: true });
  const lost = new Promise<never>((_resolve, reject) => {
    client.on('error', (error) => {
      reject(new Fault('archive_unavailable', `postgres: ${error.message}`, { cause: error }));
    });
  });
  // Nobody may be listening when it breaks during release; the rejection is reported by whoever is.
  lost.catch(() => undefined);
  try {
    await client.connect();
    const result = await client.query<{ taken: boolean }>(
      'SELECT pg_try_advisory_lock($1) AS taken', [writerLock],
    );
    if (result.rows[0]?.taken === true) return { lost, release: () => client.end() };
    await client.end();
    return null;
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    throw new Fault('archive_unavailable', `postgres: ${message}`, { cause: error });
  }
}
