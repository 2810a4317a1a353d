import { describe, expect, test } from '@jest/globals';
import { BodyQueue } from './body-queue';

const large = 100_000;
const never = new AbortController().signal;
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** Runs until it is told to end. */
function job(queue: BodyQueue, bytes: number, signal = never): { running: () => boolean; end: () => void } {
  let running = false;
  let end = (): void => undefined;
  const held = new Promise<void>((resolve) => { end = resolve; });
  void queue.run(bytes, signal, async () => {
    running = true;
    await held;
    running = false;
  });
  return { running: () => running, end };
}

describe('jobs with large bodies', () => {
  test('wait until there is room, in order', async () => {
    const queue = new BodyQueue(large * 2);
    const [one, two, three, four] = [large, large, large * 2, large].map((size) => job(queue, size));
    await turn();
    expect([one, two, three, four].map((each) => each!.running())).toEqual([true, true, false, false]);
    one!.end();
    await turn();
    expect([three, four].map((each) => each!.running())).toEqual([false, false]);
    two!.end();
    await turn();
    expect([three, four].map((each) => each!.running())).toEqual([true, false]);
    three!.end();
    await turn();
    expect(four!.running()).toBe(true);
  });

  test('do not hold up small ones', async () => {
    const queue = new BodyQueue(large);
    job(queue, large);
    const [waiting, small] = [job(queue, large), job(queue, 1_000)];
    await turn();
    expect([waiting.running(), small.running()]).toEqual([false, true]);
  });

  test('larger than all of it run alone', async () => {
    const queue = new BodyQueue(10);
    const [one, two] = [job(queue, large), job(queue, large)];
    await turn();
    expect([one.running(), two.running()]).toEqual([true, false]);
  });

  test('stop waiting when they are not to go on, and let others pass', async () => {
    const queue = new BodyQueue(large);
    const [first, canceled] = [job(queue, large), new AbortController()];
    const second = job(queue, large * 2, canceled.signal);
    const third = job(queue, 70_000);
    canceled.abort();
    await turn();
    // It ends by itself, without its body being called with.
    expect([second.running(), third.running()]).toEqual([true, false]);
    first.end();
    await turn();
    expect(third.running()).toBe(true);
  });
});
