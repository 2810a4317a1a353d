// Repeats what failed for a reason that passes (a fault marked `retry`), with growing pauses.
import { setTimeout as pause } from 'node:timers/promises';
import { isFault } from '@libs/faults/faults';

/** First pause: long enough not to spin, short enough that a blip costs nothing noticeable. */
const firstPauseMs = 100;
/** Longest pause: how late after the world's recovery we may notice it. */
const pauseMsMax = 5_000;

/**
 * Runs `action` until it succeeds, fails for a reason that repeating cannot mend, or `givenUp`.
 * @throws whatever `action` threw last.
 */
export async function keepTrying<T>(
  action: () => Promise<T>, givenUp: () => boolean,
): Promise<T> {
  for (let pauseMs = firstPauseMs; ; pauseMs = Math.min(pauseMs * 2, pauseMsMax)) {
    try {
      return await action();
    } catch (error) {
      if (!isFault(error) || !error.rule.retry || error.code === 'shutting_down') throw error;
      if (givenUp()) throw error;
      await pause(pauseMs);
    }
  }
}
