import { expect, test } from '@jest/globals';
import { type Commit } from '@libs/log/log';
import { CommitQueue } from './commit-queue';

function commit(sequence: number): Commit {
  return {
    subject: 's', sequence, msgId: String(sequence), appendedAtMs: 0,
    bytes: new Uint8Array(10), events: [], contentLines: [],
  };
}

test('hands commits on in order and knows what waits', () => {
  const queue = new CommitQueue();
  expect(queue.take()).toBeUndefined();
  for (let sequence = 1; sequence <= 3; sequence += 1) queue.push(commit(sequence));
  expect([queue.take()?.sequence, queue.length, queue.bytes]).toEqual([1, 2, 20]);
  expect([queue.take()?.sequence, queue.take()?.sequence, queue.take()]).toEqual([2, 3, undefined]);
  expect([queue.length, queue.bytes, queue.held]).toEqual([0, 0, 0]);
});

test('lets go of what was taken though it is never empty', () => {
  const queue = new CommitQueue();
  for (let sequence = 1; sequence <= 100; sequence += 1) queue.push(commit(sequence));
  let heldMost = 0;
  for (let sequence = 101; sequence <= 10_000; sequence += 1) {
    queue.push(commit(sequence));
    expect(queue.take()?.sequence).toBe(sequence - 100);
    heldMost = Math.max(heldMost, queue.held);
  }
  expect(heldMost).toBeLessThan(400);
});
