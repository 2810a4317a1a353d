// The pool against a real PostgreSQL that goes away at bad moments.
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { Fault, isFault } from '@libs/faults/faults';
import { startTestPostgres } from '@libs/test-kit/servers';
import { type Database, openDatabase } from './database';

let postgres: Awaited<ReturnType<typeof startTestPostgres>>;
let database: Database;

beforeAll(async () => {
  postgres = await startTestPostgres();
  database = openDatabase({
    url: postgres.url, connectionsMax: 2, statementTimeoutMs: 0, onError: () => undefined,
  });
}, 60_000);
afterAll(async () => {
  await database.close();
  await postgres.cleanup();
});

it('a database that stops in the middle of a transaction is a fault, not the end of the process', async () => {
  const working = database.transaction(async (client) => {
    await client.query('SELECT 1');
    await postgres.stop();
    await client.query('SELECT 2');
  });
  const error: unknown = await working.catch((failure: unknown) => failure);
  expect(isFault(error, 'archive_unavailable')).toBe(true);
  await postgres.restart();
  expect(await database.query('SELECT 3 AS three')).toEqual([{ three: 3 }]);
}, 60_000);

it('what a broken connection says after its transaction ends no process', async () => {
  const late = new Promise<void>((resolve) => {
    const working = database.transaction((client) => {
      setTimeout(() => {
        client.emit('error', new Error('terminating connection'));
        resolve();
      }, 50);
      return Promise.reject(new Fault('archive_unavailable', 'it broke'));
    });
    working.catch(() => undefined);
  });
  await late;
  expect(await database.query('SELECT 4 AS four')).toEqual([{ four: 4 }]);
});
