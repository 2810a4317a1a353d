// Orders for moments, worked off by a process that a script plays.
import { afterEach, beforeEach, expect, jest, test } from '@jest/globals';
import { pino } from 'pino';
import { type FoldedPage, type PageOrder } from './fold-messages';
import { type FolderEvents, type PageAnswer, PastPages } from './past-pages';

interface Started {
  readonly events: FolderEvents;
  readonly orders: PageOrder[];
  killed: boolean;
}

const page: FoldedPage = {
  data: [], has_more: false, folded: { from_snapshot: null, events: 1, seconds: 0 },
};
let started: Started[];
let pages: PastPages;

beforeEach(() => {
  jest.useFakeTimers();
  started = [];
  pages = new PastPages({
    logger: pino({ level: 'silent' }), nowMs: Date.now,
    start: (events) => {
      const one: Started = { events, orders: [], killed: false };
      started.push(one);
      return { send: (order) => { one.orders.push(order); }, kill: () => { one.killed = true; } };
    },
  });
});
afterEach(() => {
  pages.stop();
  jest.useRealTimers();
});

const orderOf = (sequence: number): PageOrder => ({
  sequence, nowMs: 0, projection: 'budgets', tenant: null, subject: null, limit: 10, after: null,
  fromBeginning: false,
});
/** What is answered at once, or when the wait is over. */
async function ask(sequence: number): Promise<PageAnswer> {
  const asked = pages.ask(orderOf(sequence));
  await jest.advanceTimersByTimeAsync(2_500);
  return asked;
}

test('a moment is told how far it is, and its page when it is there', async () => {
  const first = pages.ask(orderOf(9));
  started[0]!.events.message({ kind: 'progress', sequence: 4 });
  await jest.advanceTimersByTimeAsync(2_500);
  expect(await first).toEqual({ kind: 'folding', sequence: 4 });
  const second = pages.ask(orderOf(9));
  started[0]!.events.message({ kind: 'page', page });
  expect(await second).toEqual({ kind: 'page', page });
  expect(await ask(9)).toEqual({ kind: 'page', page });
  expect(started[0]!.orders).toHaveLength(1);
});

test('moments are made one after the other, and who comes behind four is sent away', async () => {
  expect(await ask(1)).toMatchObject({ kind: 'folding' });
  for (const sequence of [2, 3, 4]) expect(await ask(sequence)).toEqual({ kind: 'waiting' });
  expect(await ask(5)).toMatchObject({ kind: 'busy' });
  expect(started[0]!.orders).toHaveLength(1);
  started[0]!.events.message({ kind: 'page', page });
  expect(started[0]!.orders.map(({ sequence }) => sequence)).toEqual([1, 2]);
  expect(await ask(5)).toEqual({ kind: 'waiting' });
});

test('a process that ends fails its moment alone, and the next begins with another', async () => {
  const first = pages.ask(orderOf(1));
  const second = pages.ask(orderOf(2));
  started[0]!.events.exited('it needs more than 64 MB');
  expect(await first).toMatchObject({ kind: 'failed', message: expect.stringContaining('64 MB') });
  started[1]!.events.message({ kind: 'page', page });
  expect(await second).toMatchObject({ kind: 'page' });
  // Told once, tried again when asked again.
  expect(await ask(1)).toMatchObject({ kind: 'folding' });
});

test('what nobody asks for any more is given up', async () => {
  await ask(1);
  await ask(2);
  await jest.advanceTimersByTimeAsync(20_000);
  expect(await ask(2)).toEqual({ kind: 'waiting' });
  await jest.advanceTimersByTimeAsync(10_000);
  expect(started[0]!.killed).toBe(true);
  expect(started[1]!.orders.map(({ sequence }) => sequence)).toEqual([2]);
});

test('a process that says nothing is ended, however patient its asker', async () => {
  let answer: PageAnswer = { kind: 'waiting' };
  for (let round = 0; round < 60 && answer.kind !== 'failed'; round += 1) answer = await ask(1);
  expect(answer).toMatchObject({ kind: 'failed', message: expect.stringContaining('it was silent') });
  expect(started[0]!.killed).toBe(true);
});

test('a process without work is ended, and its memory is free', async () => {
  const first = pages.ask(orderOf(1));
  started[0]!.events.message({ kind: 'page', page });
  await first;
  await jest.advanceTimersByTimeAsync(59_000);
  expect(started[0]!.killed).toBe(false);
  await jest.advanceTimersByTimeAsync(3_000);
  expect(started[0]!.killed).toBe(true);
});

test('a late word of a process that was ended is no answer', async () => {
  await ask(1);
  await jest.advanceTimersByTimeAsync(32_000);
  expect(await ask(2)).toMatchObject({ kind: 'folding' });
  started[0]!.events.message({ kind: 'page', page });
  expect(await ask(2)).toMatchObject({ kind: 'folding' });
});
