// The rows by which the event lines of some commits are found. Pure.
import { eventLineBytes } from '@libs/events/parse-commit';
import { type AnyEvent } from '@libs/events/envelope';
import { type JobState } from '@libs/jobs/state';
import { type EventRow } from '@libs/postgres/index-store';
import { factsOf } from './event-facts';

export interface IndexedCommit {
  readonly sequence: number;
  readonly bytes: Uint8Array;
  readonly events: readonly AnyEvent[];
}

/**
 * Lines of `broken` commits have a place and no row: nobody can read them (they are listed with the
 * dead letters).
 */
export function eventRows(
  commits: readonly IndexedCommit[], broken: ReadonlySet<number>,
  jobOf: (id: string) => JobState | undefined,
): { readonly lines: number; readonly events: EventRow[] } {
  const events: EventRow[] = [];
  let lines = 0;
  for (const commit of commits) {
    const stored = eventLineBytes(commit.bytes);
    if (!broken.has(commit.sequence)) {
      commit.events.forEach((event, line) => {
        const bytes = stored[line] as Uint8Array;
        events.push({
          place: lines + line, sequence: commit.sequence, line,
          offset: bytes.byteOffset - commit.bytes.byteOffset, length: bytes.length,
          type: event.type, subject: event.subject, tenant: event.tenant,
          ...factsOf(event, jobOf(event.subject)),
        });
      });
    }
    lines += stored.length;
  }
  return { lines, events };
}
