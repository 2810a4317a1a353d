// When a worker must leave it to the router to tell who won.
import { afterEach, expect, test } from '@jest/globals';
import { LostTime } from './lost-time';

let nowMs = 0;
const started: LostTime[] = [];
const lostTime = (): LostTime => {
  const one = new LostTime(10_000, () => nowMs);
  started.push(one);
  return one;
};
afterEach(() => started.splice(0).forEach((one) => one.stop()));

test('a process that runs has lost no time', () => {
  const time = lostTime();
  nowMs += 9_999;
  expect(time.count()).toBe(0);
});
test('a process that was stopped for an ack wait has lost time, before any timer tells', () => {
  const time = lostTime();
  nowMs += 10_000;
  expect(time.count()).toBe(1);
  expect(time.count()).toBe(1);
});
test('a process that was cut off from the log has lost time', () => {
  const time = lostTime();
  time.reconnected();
  expect(time.count()).toBe(1);
});
