// Questions over partitions against a real PostgreSQL: what is found is what a plain look at all rows
// finds, page by page, whatever arrives meanwhile.
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { seededRandom } from '@libs/test-kit/seeded-random';
import { startTestPostgres } from '@libs/test-kit/servers';
import { type Database, migrate, openDatabase } from './database';
import { linesPerPartition, nextToSeal, sealPartition } from './event-partitions';
import { type EventFilter, findEvents, type FoundRow } from './event-reads';
import { type EventRow, indexFromArchive, readIndexPosition } from './index-store';

const total = linesPerPartition * 2 + 5_000;
const batch = 40_000;
const all: EventFilter = {
  types: null, subject: null, tenant: null, actor: null, key: null, team: null, model: null,
  provider: null, outcome: null, words: null, fromSequence: null, toSequence: null,
};

let postgres: Awaited<ReturnType<typeof startTestPostgres>>;
let database: Database;

beforeAll(async () => {
  postgres = await startTestPostgres();
  await migrate(postgres.url);
  database = openDatabase({
    url: postgres.url, connectionsMax: 4, statementTimeoutMs: 0, onError: () => undefined,
  });
  for (let from = 0; from < total; from += batch) await add(from, Math.min(batch, total - from));
}, 300_000);
afterAll(async () => {
  await database.close();
  await postgres.cleanup();
});

function rowAt(leaf: number): Omit<EventRow, 'place'> {
  const tenant = leaf % 1_000 === 0 ? 'rare' : `tenant-${leaf % 3}`;
  return {
    sequence: Math.floor(leaf / 10) + 1, line: leaf % 10, offset: 0, length: 1,
    type: leaf % 65_536 === 0 ? 'KeyCreated' : 'JobSubmitted', subject: `job_${Math.floor(leaf / 5)}`,
    tenant, actor: null, key: `key-${leaf % 7}`, team: null, model: null, provider: null,
    outcome: leaf % 11 === 0 ? 'failed' : null, words: leaf % 13 === 0 ? ['purpose', `n${leaf % 17}`] : null,
  };
}

const add = (from: number, lines: number): ReturnType<typeof indexFromArchive> =>
  indexFromArchive(database, () => Promise.resolve({
    last: { sequence: Math.floor((from + lines) / 10) + 1, msgId: `to-${from + lines}` },
    derived: {
      lines, spend: { all: [], labelled: [] },
      events: Array.from({ length: lines }, (_, place) => ({ place, ...rowAt(from + place) })),
    },
  }));

async function walk(
  filter: Partial<EventFilter>, newestFirst: boolean, options: { limit?: number; between?: () => Promise<unknown> } = {},
): Promise<number[]> {
  const found: FoundRow[] = [];
  let rest = { from: 0, to: total };
  while (rest.from < rest.to) {
    const page = await findEvents(database, { ...all, ...filter }, rest, {
      newestFirst, limit: options.limit ?? 700, withinMs: 60_000,
    });
    found.push(...page.rows);
    rest = page.rest;
    await options.between?.();
  }
  return found.map(({ leaf }) => leaf);
}

const expected = (fits: (row: Omit<EventRow, 'place'>) => boolean): number[] =>
  Array.from({ length: total }, (_, leaf) => leaf).filter((leaf) => fits(rowAt(leaf)));

describe('a question over partitions', () => {
  const questions: [string, Partial<EventFilter>, (row: Omit<EventRow, 'place'>) => boolean][] = [
    ['subject', { subject: 'job_26214' }, (row) => row.subject === 'job_26214'],
    ['rare type', { types: ['KeyCreated', 'KeyRevoked'] }, (row) => row.type === 'KeyCreated'],
    ['customer', { tenant: 'rare' }, (row) => row.tenant === 'rare'],
    ['all of several', { tenant: 'tenant-1', key: 'key-3', outcome: 'failed' },
      (row) => row.tenant === 'tenant-1' && row.key === 'key-3' && row.outcome === 'failed'],
    ['words', { words: ['purpose', 'n5'] }, (row) => row.words?.[1] === 'n5'],
    ['range across a boundary', { fromSequence: 13_100, toSequence: 13_115 },
      (row) => row.sequence >= 13_100 && row.sequence <= 13_115],
    ['nothing', { tenant: 'nobody' }, () => false],
  ];

  it.each(questions)('is answered in full, from both ends: %s', async (_name, filter, fits) => {
    const wanted = expected(fits);
    expect(await walk(filter, false)).toEqual(wanted);
    expect(await walk(filter, true)).toEqual(wanted.reverse());
  }, 60_000);

  it('is answered the same once full partitions have their indexes', async () => {
    for (let next = await nextToSeal(database); next !== null; next = await nextToSeal(database)) {
      await sealPartition(database, next);
    }
    expect(await database.query('SELECT number FROM event_partitions ORDER BY number')).toEqual([{ number: 0 }, { number: 1 }]);
    await sealPartition(database, 1);
    for (const [name, filter, fits] of questions) {
      expect([name, await walk(filter, true)]).toEqual([name, expected(fits).reverse()]);
    }
  }, 120_000);

  it('has the same pages while new events arrive', async () => {
    const random = seededRandom(3);
    let at = total;
    const between = async (): Promise<void> => {
      const lines = random.whole(1, 50);
      await add(at, lines);
      at += lines;
    };
    const wanted = expected((row) => row.outcome === 'failed');
    expect(await walk({ outcome: 'failed' }, true, { limit: 3_000, between })).toEqual(wanted.reverse());
    expect((await readIndexPosition(database)).size).toBe(at);
  }, 60_000);

  it('stops when its time is over, and is gone on with', async () => {
    const page = await findEvents(database, { ...all, tenant: 'nobody' }, { from: 0, to: total }, {
      newestFirst: true, limit: 10, withinMs: -1,
    });
    expect(page).toEqual({ rows: [], rest: { from: 0, to: linesPerPartition * 2 } });
  });
});

it('what another process has added meanwhile is not added again', async () => {
  const before = await readIndexPosition(database);
  const end = await indexFromArchive(database, async () => {
    await add(before.size, 5);
    return { last: { sequence: 1, msgId: 'late' }, derived: { lines: 5, events: [], spend: { all: [], labelled: [] } } };
  });
  expect(end?.size).toBe(before.size + 5);
  expect((await readIndexPosition(database)).msgId).toBe(`to-${before.size + 5}`);
});
