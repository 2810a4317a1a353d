import { expect, test } from '@jest/globals';
import { type Database } from '@libs/postgres/database';
import { type MomentTools, resolveMoment } from './resolve-moment';

const nowMs = 100_000;

/** An archive with a commit each second from 10 s on, by the questions that moments need. */
function tools(archived: number, lastSequence: number): MomentTools {
  const rows = Array.from({ length: archived }, (_, index) => ({
    sequence: String(index + 1), appended_at: new Date((10 + index) * 1_000),
  }));
  const query = (sql: string, [value]: readonly unknown[] = []): Promise<object[]> => {
    const found = sql.includes('sequence = $1') ? rows.filter(({ sequence }) => Number(sequence) === value)
      : sql.includes('appended_at <=') ? rows.filter(({ appended_at: at }) => at.getTime() <= Number(value)).reverse()
        : rows;
    return Promise.resolve(found.slice(0, 1));
  };
  return {
    database: { query } as unknown as Database, archived: () => archived, nowMs: () => nowMs,
    log: { state: () => Promise.resolve({ firstSequence: 1, lastSequence, messages: 1, bytes: 1, bytesMax: -1 }) },
  };
}

test('a sequence is looked at as of its commit', async () => {
  expect(await resolveMoment(tools(5, 5), { sequence: 3 }))
    .toEqual({ sequence: 3, atMs: 12_000, nowMs: 12_000 });
});

test('a time is the last commit by then, looked at as of that time', async () => {
  expect(await resolveMoment(tools(5, 9), { timeMs: 12_700 }))
    .toEqual({ sequence: 3, atMs: 12_000, nowMs: 12_700 });
  expect(await resolveMoment(tools(5, 5), { timeMs: 50_000 }))
    .toEqual({ sequence: 5, atMs: 14_000, nowMs: 50_000 });
});

test('what the archive has yet to catch up with is waited for', async () => {
  const waiting = { pending: { doing: 'archiving', at_sequence: 5, to_sequence: 9 } };
  expect(await resolveMoment(tools(5, 9), { sequence: 9 })).toEqual(waiting);
  // A commit on its way into the archive may be of before that time.
  expect(await resolveMoment(tools(5, 9), { timeMs: 14_000 })).toEqual(waiting);
});

test('the future, and what was before the log, are refused', async () => {
  expect(await resolveMoment(tools(5, 5), { sequence: 6 })).toMatchObject({ refused: 'in_the_future' });
  expect(await resolveMoment(tools(5, 5), { timeMs: nowMs + 1 })).toMatchObject({ refused: 'in_the_future' });
  expect(await resolveMoment(tools(5, 5), { sequence: 0 })).toMatchObject({ refused: 'before_the_log' });
  expect(await resolveMoment(tools(5, 5), { timeMs: 9_000 }))
    .toMatchObject({ refused: 'before_the_log', message: expect.stringContaining('with commit 1') });
});
