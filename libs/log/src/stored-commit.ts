// A commit as read from the log: its parts are parsed when first asked for, and remembered.
import type { AnyEvent } from '@libs/events/envelope';
import {
  type CommitText, parseEventLine, splitCommit, UnreadableEvent,
} from '@libs/events/parse-commit';
import { Fault } from '@libs/faults/faults';
import { type Commit } from './log';

/** What a stored message gives without parsing. */
export type RawCommit = Omit<Commit, 'events' | 'contentLines'>;

export class StoredCommit implements Commit {
  readonly subject: string;
  readonly sequence: number;
  readonly msgId: string;
  readonly appendedAtMs: number;
  readonly bytes: Uint8Array;
  #text: CommitText | null = null;
  #content: readonly string[] | null = null;
  #events: readonly AnyEvent[] | null = null;

  constructor(raw: RawCommit) {
    this.subject = raw.subject;
    this.sequence = raw.sequence;
    this.msgId = raw.msgId;
    this.appendedAtMs = raw.appendedAtMs;
    this.bytes = raw.bytes;
  }

  get events(): readonly AnyEvent[] {
    this.#events ??= this.#parseEvents();
    return this.#events;
  }

  get contentLines(): readonly string[] {
    this.#content ??= this.#split().contentLines();
    return this.#content;
  }

  #parseEvents(): AnyEvent[] {
    try {
      return this.#split().eventLines.map((text, line) => parseEventLine(text, line));
    } catch (error) {
      const what = `commit ${this.sequence} (${this.subject}): ${String(error)}`;
      const isBroken = error instanceof UnreadableEvent && error.broken;
      throw new Fault(isBroken ? 'commit_broken' : 'log_unreadable', what, { cause: error });
    }
  }

  #split(): CommitText {
    this.#text ??= splitCommit(this.bytes);
    return this.#text;
  }
}
