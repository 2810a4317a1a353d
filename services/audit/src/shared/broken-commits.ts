// Sets aside what no build will ever read: it is archived with its error, as a dead letter, and the
// read models go on without it. A type or version of a newer build stops the archive instead.
import { type AnyEvent } from '@libs/events/envelope';
import { isFault } from '@libs/faults/faults';

export interface Unparsed {
  readonly sequence: number;
  /** @throws Fault commit_broken, log_unreadable */
  readonly events: readonly AnyEvent[];
}

export interface Sorted<C> {
  /** The commits looked at, from the first on: all, or those before one of a newer build. */
  readonly taken: readonly C[];
  readonly readable: readonly C[];
  readonly broken: readonly { readonly commit: C; readonly error: string }[];
}

/** @throws Fault log_unreadable when already the first is of a newer build. */
export function setBrokenAside<C extends Unparsed>(commits: readonly C[]): Sorted<C> {
  const readable: C[] = [];
  const broken: { commit: C; error: string }[] = [];
  for (const [index, commit] of commits.entries()) {
    try {
      // Parsed once and remembered.
      commit.events.at(0);
      readable.push(commit);
    } catch (error) {
      if (isFault(error, 'log_unreadable') && index > 0) {
        return { taken: commits.slice(0, index), readable, broken };
      }
      if (!isFault(error, 'commit_broken')) throw error;
      broken.push({ commit, error: String((error.cause as Error | undefined)?.message ?? error) });
    }
  }
  return { taken: commits, readable, broken };
}
