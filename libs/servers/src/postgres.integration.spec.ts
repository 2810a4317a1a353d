// Our own PostgreSQL against the real binaries: made once, restartable, its data kept.
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import pg from 'pg';
import { startTestPostgres, type TestServer } from '@libs/test-kit/servers';
import { startPostgres, type RunningPostgres } from './postgres';

let postgres: TestServer<RunningPostgres>;
beforeAll(async () => { postgres = await startTestPostgres(); }, 120_000);
afterAll(() => postgres.cleanup());

async function query(sql: string, url = postgres.url): Promise<unknown[]> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query<Record<string, unknown>>(sql)).rows;
  } finally {
    await client.end();
  }
}

describe('a PostgreSQL of ours', () => {
  test('answers as soon as it says that it is ready', async () => {
    expect(await query('select current_database() as name')).toEqual([{ name: 'holdfast' }]);
  });

  test('lets nobody in without its password', async () => {
    const wrong = postgres.url.replace(/:[^:@]+@/, ':wrong@');
    await expect(query('select 1', wrong)).rejects.toThrow(/password/);
    expect((await stat(path.join(postgres.dir, 'password'))).mode & 0o077).toBe(0);
  });

  test('keeps its data and its address over kill -9', async () => {
    await query('create table kept as select 1 as one');
    const before = postgres.url;
    await postgres.kill('SIGKILL');
    await postgres.restart();
    expect(postgres.url).toBe(before);
    expect(await query('select one from kept')).toEqual([{ one: 1 }]);
  });

  test('starts although a pid file names a stranger’s process', async () => {
    await postgres.stop();
    await writeFile(path.join(postgres.dir, 'data/postmaster.pid'), `${process.ppid}\n`);
    await postgres.restart();
    expect(await query('select one from kept')).toEqual([{ one: 1 }]);
  });

  test('left behind by a killed supervisor is replaced by the next start', async () => {
    const second = await startPostgres({ dataDir: postgres.dir });
    expect(postgres.pid).toBeNull();
    expect(await query('select one from kept', second.url)).toEqual([{ one: 1 }]);
    await second.stop();
  });
});
