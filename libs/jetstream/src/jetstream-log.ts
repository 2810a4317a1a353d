// The log over JetStream: one group commit per subject, fenced appends, folds, reads, objects.
import { Fault } from '@libs/faults/faults';
import { type CommitDraft, draftOf, entryLines, GroupCommit } from '@libs/log/group-commit';
import {
  type Appended, type Commit, type Entry, EventLog, type FencedResult, type Following,
  type FollowOptions, type LogState, unreachableAfterMs,
} from '@libs/log/log';
import { type FollowParts, followLog } from './follow';
import { type ContentStore } from './object-store';
import { publication, type Publisher } from './publisher';
import { readCommitAt, readLastOf, readState } from './read-log';

/** What the log is made of; put together by connectLog. */
export interface LogParts extends FollowParts {
  readonly publisher: Publisher;
  readonly content: ContentStore;
}

/** Counts since the start, for metrics. */
export interface AppendCounts {
  readonly commits: number;
  readonly entries: number;
  readonly events: number;
  readonly bytes: number;
}

interface Lane {
  readonly group: GroupCommit;
  stalled: boolean;
}

export class JetStreamLog extends EventLog {
  readonly #lanes = new Map<string, Lane>();
  readonly #followings = new Set<Following>();
  #closing = false;
  #counts: AppendCounts = { commits: 0, entries: 0, events: 0, bytes: 0 };

  constructor(private readonly parts: LogParts) {
    super();
  }

  get counts(): AppendCounts {
    return this.#counts;
  }

  /** Entries not yet known to be stored. */
  get waiting(): number {
    let waiting = 0;
    for (const { group } of this.#lanes.values()) waiting += group.waiting;
    return waiting;
  }

  async append(subject: string, entry: Entry): Promise<Appended> {
    if (this.#closing) throw new Fault('shutting_down', 'the log is closing');
    const lane = this.#laneOf(subject);
    if (this.#failsFast() && lane.stalled) throw unreachable();
    if (!this.parts.link.connected) await this.#whenReachable();
    const lines = entryLines(entry);
    this.parts.publisher.checkSize(lines.bytes);
    return lane.group.append(lines);
  }

  async appendFenced(
    subject: string, entry: Entry, expectedLastSequence: number,
  ): Promise<FencedResult> {
    if (!this.parts.link.connected) await this.#whenReachable();
    const draft = draftOf([entryLines(entry)]);
    this.parts.publisher.checkSize(draft.payload.length);
    const commit = publication(subject, draft.payload, expectedLastSequence);
    const answer = await this.parts.publisher.publish(commit);
    if (answer.kind === 'stored') {
      this.#count(draft);
      return { outcome: 'appended', sequence: answer.sequence };
    }
    // Server 2.15.1 says so also for the repeat of a publish it has stored: whose is the last one?
    const last = await readLastOf(this.parts.jsm, subject);
    if (last?.msgId !== commit.msgId) {
      return { outcome: 'lost_race', lastSequence: last?.sequence ?? 0 };
    }
    this.#count(draft);
    return { outcome: 'appended', sequence: last.sequence };
  }

  follow(options: FollowOptions): Promise<Following> {
    const following = followLog(this.parts, options);
    this.#followings.add(following);
    return Promise.resolve(following);
  }

  readAt(sequence: number): Promise<Commit | null> {
    return readCommitAt(this.parts.jsm, sequence);
  }

  lastOf(subject: string): Promise<Commit | null> {
    return readLastOf(this.parts.jsm, subject);
  }

  state(): Promise<LogState> {
    return readState(this.parts.jsm);
  }

  putObject(sha256: string, data: Uint8Array): Promise<void> {
    return this.parts.content.put(sha256, data);
  }

  async getObject(sha256: string): Promise<Uint8Array> {
    const data = await this.parts.content.get(sha256);
    if (data === null) throw new Fault('object_missing', `no object ${sha256}`);
    return data;
  }

  /** Stops folds, refuses new entries, and waits for those under way. */
  async close(): Promise<void> {
    this.#closing = true;
    await Promise.all([...this.#followings].map((following) => following.stop()));
    this.parts.publisher.stop();
    await Promise.all([...this.#lanes.values()].map(({ group }) => group.idle()));
  }

  /** @throws Fault log_unavailable */
  async #whenReachable(): Promise<void> {
    const { link } = this.parts;
    if (!this.#failsFast()) return;
    const leftMs = unreachableAfterMs - link.downForMs;
    if (leftMs > 0) await link.whenUp(leftMs);
    if (!link.connected) throw unreachable();
  }

  #failsFast(): boolean {
    return this.parts.publisher.options.whenUnreachable === 'fail-fast';
  }

  #laneOf(subject: string): Lane {
    let lane = this.#lanes.get(subject);
    if (lane === undefined) {
      const made: Lane = {
        group: new GroupCommit((draft) => this.#publish(subject, draft, made)),
        stalled: false,
      };
      lane = made;
      this.#lanes.set(subject, lane);
    }
    return lane;
  }

  async #publish(subject: string, draft: CommitDraft, lane: Lane): Promise<number> {
    const timer = this.#failsFast()
      ? setTimeout(() => this.#stall(lane), unreachableAfterMs) : null;
    try {
      const answer = await this.parts.publisher.publish(publication(subject, draft.payload, null));
      if (answer.kind === 'wrong_sequence') {
        throw new Fault('log_conflict', `${subject} is fenced; appendFenced is for it`);
      }
      this.#count(draft);
      return answer.sequence;
    } finally {
      if (timer !== null) clearTimeout(timer);
      lane.stalled = false;
    }
  }

  /** What waits behind a silent server was never sent: its end is known, and it is refused. */
  #stall(lane: Lane): void {
    lane.stalled = true;
    lane.group.rejectWaiting(unreachable());
  }

  #count(draft: CommitDraft): void {
    const { commits, entries, events, bytes } = this.#counts;
    this.#counts = {
      commits: commits + 1,
      entries: entries + draft.entries,
      events: events + draft.events,
      bytes: bytes + draft.payload.length,
    };
  }
}

function unreachable(): Fault {
  return new Fault('log_unavailable', 'the log cannot be reached; nothing was stored');
}
