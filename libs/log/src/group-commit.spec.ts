// Its pauses go by a clock of the tests: a machine with other work to do is late.
import { afterEach, beforeEach, expect, it, jest } from '@jest/globals';
import { type CommitDraft, GroupCommit } from './group-commit';

const lines = (id: string) => ({ events: [`{"id":"${id}"}`], content: [], bytes: 20 });
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
const pass = (ms: number): Promise<void> => jest.advanceTimersByTimeAsync(ms);

beforeEach(() => {
  jest.useFakeTimers({ doNotFake: ['setImmediate', 'nextTick', 'queueMicrotask'] });
});
afterEach(() => {
  jest.useRealTimers();
});

/** A writer whose commits are stored at once; `sizes` are their entries. */
function writer(): { group: GroupCommit; sizes: number[] } {
  const sizes: number[] = [];
  const group = new GroupCommit((draft: CommitDraft) => {
    sizes.push(draft.entries);
    return Promise.resolve(sizes.length);
  });
  return { group, sizes };
}

async function appendAtOnce(group: GroupCommit, count: number): Promise<void> {
  await Promise.all(Array.from({ length: count }, (_, index) => group.append(lines(`e${index}`))));
}

it('an idle writer stores a single entry in the turn it came', async () => {
  const { group, sizes } = writer();
  void group.append(lines('a'));
  expect(sizes).toEqual([]);
  await turn();
  expect(sizes).toEqual([1]);
});

it('a busy writer gathers as many as its last commit had', async () => {
  const { group, sizes } = writer();
  await appendAtOnce(group, 8);
  const first = appendAtOnce(group, 3);
  await turn();
  await turn();
  await Promise.all([first, appendAtOnce(group, 5)]);
  expect(sizes).toEqual([8, 8]);
});

it('a busy writer does not wait for what does not come', async () => {
  const { group, sizes } = writer();
  await appendAtOnce(group, 8);
  void group.append(lines('alone'));
  await turn();
  expect(sizes).toEqual([8]);
  await pass(5);
  expect(sizes).toEqual([8, 1]);
  void group.append(lines('alone again'));
  await turn();
  expect(sizes).toEqual([8, 1, 1]);
});

it('a writer that was busy once and rested since is idle', async () => {
  const { group, sizes } = writer();
  await appendAtOnce(group, 8);
  await pass(80);
  void group.append(lines('a'));
  await turn();
  expect(sizes).toEqual([8, 1]);
});

it('entries given up while the writer gathers are not stored', async () => {
  const { group, sizes } = writer();
  await appendAtOnce(group, 8);
  const given = group.append(lines('given up'));
  await turn();
  group.rejectWaiting(new Error('gone'));
  await expect(given).rejects.toThrow('gone');
  await pass(5);
  await group.idle();
  expect(sizes).toEqual([8]);
});
