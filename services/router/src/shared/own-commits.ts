// The events of commits that this router appends, until they come back in the fold: they are the
// same, so they need not be parsed again (a third of the parsing of a busy owner).
import type { AnyEvent } from '@libs/events/envelope';
import type { Commit } from '@libs/log/log';

/** Appends under way are few; more than this are ones that never came to stand in the log. */
const heldMax = 256;
/** An event line starts with `{"id":"` and the 36 characters of a UUID. */
const idFrom = 7;
const idTo = 43;

export class OwnCommits {
  readonly #events = new Map<string, readonly AnyEvent[]>();

  /** Before the append. */
  note(events: readonly AnyEvent[]): void {
    const [first] = events;
    if (first === undefined) return;
    if (this.#events.size >= heldMax) this.#events.clear();
    this.#events.set(first.id, events);
  }

  /** The events of a commit: the noted ones when it is our own. @throws Fault log_unreadable */
  eventsOf(commit: Commit): readonly AnyEvent[] {
    if (this.#events.size === 0 || commit.bytes.length < idTo) return commit.events;
    const { buffer, byteOffset } = commit.bytes;
    const id = Buffer.from(buffer, byteOffset + idFrom, idTo - idFrom).toString('latin1');
    const own = this.#events.get(id);
    if (own === undefined) return commit.events;
    this.#events.delete(id);
    return own;
  }
}
