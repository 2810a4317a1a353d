// The port of the log: append, fold, read back. Two implementations: JetStream (libs/jetstream) and
// memory (in-memory-log.ts); one contract spec runs against both.
import type { AnyEvent } from '@libs/events/envelope';
import type { ContentLine } from '@libs/events/content';

/** A place in the log. A reader that finds another id at its sequence has met a fork. */
export interface Position {
  readonly sequence: number;
  readonly msgId: string;
}

/** Events (and the content they name) that must become durable together, in this order. */
export interface Entry {
  readonly events: readonly AnyEvent[];
  readonly content?: readonly ContentLine[];
}

/** Where an entry came to stand: its first event's commit and line; the others follow it. */
export interface Appended {
  readonly sequence: number;
  readonly line: number;
}

/** One message of the log as read. Getters parse on first use and remember. */
export interface Commit {
  readonly subject: string;
  readonly sequence: number;
  readonly msgId: string;
  /** The server's time of storing, milliseconds since the epoch. */
  readonly appendedAtMs: number;
  /** @throws Fault log_unreadable for an unknown type or version, commit_broken for no event. */
  readonly events: readonly AnyEvent[];
  /** Unparsed content lines (libs/events/parse-commit parses one). */
  readonly contentLines: readonly string[];
  /** The message as stored. */
  readonly bytes: Uint8Array;
}

export type FencedResult =
  | { readonly outcome: 'appended'; readonly sequence: number }
  /** Another writer was there first: `lastSequence` is the subject's last one now. */
  | { readonly outcome: 'lost_race'; readonly lastSequence: number };

export interface FollowOptions {
  /** Subjects or wildcards, e.g. `events.job.*.routed`. */
  readonly subjects: readonly string[];
  /** Continue after this position; null: from the start of the log. */
  readonly after: Position | null;
  /**
   * A reader that may be this late says so: commits then come in bunches, which spares both ends a
   * wake-up for each. Absent: as soon as they are stored. No matter while catching up.
   */
  readonly latenessMs?: number;
  /** Called once per commit in log order, never concurrently; awaited if it returns a promise. */
  readonly onCommit: (commit: Commit) => void | Promise<void>;
  /** The fold cannot go on (fork, unreadable event, handler threw). Nothing more is delivered. */
  readonly onStopped: (error: unknown) => void;
}

export interface Following {
  /** Resolves when every commit that was in the log when this was called was handled. */
  caughtUp(): Promise<void>;
  /** Sequence up to which the log is known to be handled (matching subjects or not). */
  readonly handledSequence: number;
  stop(): Promise<void>;
}

export interface LogState {
  readonly firstSequence: number;
  readonly lastSequence: number;
  /** Commits that are there: fewer than the sequences say where it was trimmed. */
  readonly messages: number;
  readonly bytes: number;
  /** Room of the stream; -1 when unbounded. */
  readonly bytesMax: number;
}

export abstract class EventLog {
  /**
   * Appends with the subject's group commit: resolves once the entry is durable. One publish per
   * subject is in flight; entries that arrive meanwhile leave together with the next one.
   * A publish of unknown end is repeated with the same message id, so nothing doubles.
   * @throws Fault log_unavailable (not known to be stored within the bound), log_full, too_large,
   *   shutting_down.
   */
  abstract append(subject: string, entry: Entry): Promise<Appended>;

  /**
   * Appends one commit only if the subject's last sequence is `expectedLastSequence` (0: none).
   * An answer that says "wrong last sequence" for our own stored message counts as appended.
   * @throws Fault log_unavailable, log_full, too_large.
   */
  abstract appendFenced(
    subject: string, entry: Entry, expectedLastSequence: number,
  ): Promise<FencedResult>;

  /** Ordered fold over the log from a position on; survives reconnects without gap or double. */
  abstract follow(options: FollowOptions): Promise<Following>;

  /** The commit at a sequence (Direct Get), null when trimmed or not there yet. */
  abstract readAt(sequence: number): Promise<Commit | null>;

  /** The last commit of a subject, null when there is none. */
  abstract lastOf(subject: string): Promise<Commit | null>;

  abstract state(): Promise<LogState>;

  /** Stores large content under its SHA-256; storing it again changes nothing. */
  abstract putObject(sha256: string, data: Uint8Array): Promise<void>;

  /** @throws Fault object_missing */
  abstract getObject(sha256: string): Promise<Uint8Array>;
}

/**
 * A writer that fails fast waits this long for a log that is away or silent: in a cluster the next
 * node is milliseconds away, and a caller still has its 503 within a second.
 */
export const unreachableAfterMs = 800;

/** Bounds of one commit (architecture.md, section 2). */
export const commitBounds = { eventsMax: 256, bytesMax: 512 * 1024 } as const;
