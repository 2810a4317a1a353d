// The events of a commit for a fold that must not be stopped by garbage.
import type { AnyEvent } from '@libs/events/envelope';
import { isFault } from '@libs/faults/faults';
import { type Commit } from './log';

/**
 * None of a commit that no build will ever read: the archive parks it, with its error, and folds go
 * on. A type or version that only a newer build knows stops the fold.
 * @throws Fault log_unreadable
 */
export function readableEvents(commit: Pick<Commit, 'events'>): readonly AnyEvent[] {
  try {
    return commit.events;
  } catch (error) {
    if (isFault(error, 'commit_broken')) return [];
    throw error;
  }
}
