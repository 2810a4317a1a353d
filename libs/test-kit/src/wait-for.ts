// Waits until something becomes true, for tests of things that happen by themselves.
import { setTimeout as sleep } from 'node:timers/promises';

export interface WaitOptions {
  readonly timeoutMs?: number;
  readonly pollMs?: number;
  /** Names what is awaited in the error. */
  readonly what?: string;
}

/**
 * Repeats `probe` until it returns something other than false, null or undefined, and returns that.
 * A probe that throws is tried again; its last error is the cause when time is up.
 */
export async function waitFor<T>(
  probe: () => T | Promise<T>, options: WaitOptions = {},
): Promise<NonNullable<Exclude<T, false>>> {
  const { timeoutMs = 10_000, pollMs = 20, what = 'condition' } = options;
  const deadline = performance.now() + timeoutMs;
  let cause: unknown;
  do {
    try {
      const value = await probe();
      if (value !== false && value !== null && value !== undefined) {
        return value as NonNullable<Exclude<T, false>>;
      }
    } catch (error) {
      cause = error;
    }
    await sleep(pollMs);
  } while (performance.now() < deadline);
  throw new Error(`${what} did not come true within ${timeoutMs} ms`, { cause });
}
