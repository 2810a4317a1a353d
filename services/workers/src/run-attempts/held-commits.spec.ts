// How long a worker tells the server that work goes on.
import { expect, test } from '@jest/globals';
import { type Delivery } from '@libs/log/work-queue';
import { HeldCommits } from './held-commits';

function delivery(sequence: number): { told: number; given: Delivery } {
  const one = { told: 0, given: null as unknown as Delivery };
  one.given = {
    commit: { sequence } as Delivery['commit'], deliveryCount: 1, mayHaveRunBefore: false,
    working: () => void (one.told += 1),
  };
  return one;
}

test('progress is told each three seconds, never past the latest deadline of the jobs', () => {
  const held = new HeldCommits();
  const one = delivery(7);
  held.hold(one.given, 10_000, 0);
  for (let nowMs = 0; nowMs <= 60_000; nowMs += 1_000) held.tellProgress(nowMs);
  expect(one.told).toBe(3);
});
test('a commit that was released is not held, nor is a later delivery released by an earlier', () => {
  const held = new HeldCommits();
  const [first, second] = [delivery(7), delivery(7)];
  held.hold(first.given, 10_000, 0);
  held.hold(second.given, 10_000, 0);
  held.release(first.given);
  expect(held.has(7)).toBe(true);
  held.release(second.given);
  expect(held.has(7)).toBe(false);
});
