// However a campaign ends, everything is taken down, and it is said what went wrong.
import { type Cleanup } from './system/cleanup';

export interface Ending<T> {
  readonly work: () => Promise<T>;
  readonly cleanup: Pick<Cleanup, 'run'>;
  readonly say: (line: string) => void;
  /** A campaign that takes longer hangs, and what it hangs on is a finding. */
  readonly withinMs: number;
}

/** What the work came to; null when it broke off, for whatever reason. */
export async function endedCleanly<T>(
  { work, cleanup, say, withinMs }: Ending<T>,
): Promise<T | null> {
  let onBroken: (error: unknown) => void = () => undefined;
  const broken = new Promise<never>((_, reject) => { onBroken = reject; });
  // Also what happens beside the work, in a callback or in a promise that nobody waits for.
  process.on('uncaughtException', onBroken).on('unhandledRejection', onBroken);
  const timer = setTimeout(
    () => onBroken(new Error(`it is not over after ${withinMs / 1_000} s`)), withinMs);
  try {
    return await Promise.race([work(), broken]);
  } catch (error) {
    say(`\nThe campaign broke off: ${textOf(error)}`);
    await cleanup.run().catch((failure: unknown) => say(`and left something: ${textOf(failure)}`));
    return null;
  } finally {
    clearTimeout(timer);
    process.off('uncaughtException', onBroken).off('unhandledRejection', onBroken);
  }
}

/** With its causes: the last one is usually what happened. */
function textOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const because = error.cause === undefined ? '' : `\n  because: ${textOf(error.cause)}`;
  return `${error.stack ?? error.message}${because}`;
}
