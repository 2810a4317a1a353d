// The log in memory, for tests: the same rules as the real one (one contract spec runs against
// both), and handles to make it fail, to hold appends in flight, and to look inside.
import { randomUUID } from 'node:crypto';
import type { AnyEvent } from '@libs/events/envelope';
import type { EventType } from '@libs/events/catalogue';
import { Fault } from '@libs/faults/faults';
import { type CommitDraft, draftOf, entryLines, GroupCommit } from './group-commit';
import { InMemoryFollower } from './in-memory-follower';
import {
  type Appended, type Commit, type Entry, EventLog, type FencedResult, type Following,
  type FollowOptions, type LogState, type Position,
} from './log';
import { StoredCommit } from './stored-commit';
import { subjectMatches } from './subject-match';

export interface InMemoryLogOptions {
  /** The server's clock; the real one by default. */
  readonly now?: () => number;
  readonly bytesMax?: number;
}

/** The real server's default payload limit. */
const payloadBytesMax = 1024 * 1024;

export class InMemoryLog extends EventLog {
  /** What `append`, `appendFenced`, `readAt` … throw while set. */
  failing: Fault | null = null;
  /** What is stored, oldest first; `null` where trimmed. */
  readonly #commits: (Commit | null)[] = [];
  readonly #groups = new Map<string, GroupCommit>();
  readonly #followers = new Set<InMemoryFollower>();
  readonly #objects = new Map<string, Uint8Array>();
  readonly #life = randomUUID().slice(0, 8);
  #held: (() => void)[] | null = null;
  #bytes = 0;

  constructor(private readonly options: InMemoryLogOptions = {}) {
    super();
  }

  async append(subject: string, entry: Entry): Promise<Appended> {
    this.#check();
    const lines = entryLines(entry);
    checkSize(lines.bytes);
    let group = this.#groups.get(subject);
    if (group === undefined) {
      group = new GroupCommit((draft) => this.#publish(subject, draft));
      this.#groups.set(subject, group);
    }
    return group.append(lines);
  }

  async appendFenced(
    subject: string, entry: Entry, expectedLastSequence: number,
  ): Promise<FencedResult> {
    this.#check();
    await this.#wait();
    const draft = draftOf([entryLines(entry)]);
    checkSize(draft.payload.length);
    const lastSequence = this.#lastOf(subject)?.sequence ?? 0;
    if (lastSequence !== expectedLastSequence) return { outcome: 'lost_race', lastSequence };
    return { outcome: 'appended', sequence: this.#store(subject, draft) };
  }

  async follow(options: FollowOptions): Promise<Following> {
    this.#check();
    const follower = new InMemoryFollower(options, {
      at: (sequence) => this.#commits[sequence - 1] ?? null,
      lastSequence: () => this.#commits.length,
      stopped: () => this.#followers.delete(follower),
    });
    this.#followers.add(follower);
    follower.start();
    return Promise.resolve(follower);
  }

  async readAt(sequence: number): Promise<Commit | null> {
    this.#check();
    return Promise.resolve(this.#commits[sequence - 1] ?? null);
  }

  async lastOf(subject: string): Promise<Commit | null> {
    this.#check();
    return Promise.resolve(this.#lastOf(subject));
  }

  async state(): Promise<LogState> {
    this.#check();
    const first = this.#commits.findIndex((commit) => commit !== null);
    return Promise.resolve({
      firstSequence: first === -1 ? this.#commits.length + 1 : first + 1,
      lastSequence: this.#commits.length,
      messages: this.#commits.filter((commit) => commit !== null).length,
      bytes: this.#bytes,
      bytesMax: this.options.bytesMax ?? -1,
    });
  }

  async putObject(sha256: string, data: Uint8Array): Promise<void> {
    this.#check();
    this.#objects.set(sha256, data);
    return Promise.resolve();
  }

  async getObject(sha256: string): Promise<Uint8Array> {
    this.#check();
    const data = this.#objects.get(sha256);
    if (data === undefined) throw new Fault('object_missing', `no object ${sha256}`);
    return Promise.resolve(data);
  }

  // --- for tests -------------------------------------------------------------------------------

  /** Every commit still stored, oldest first. */
  get commits(): readonly Commit[] {
    return this.#commits.filter((commit) => commit !== null);
  }

  /** Every event still stored (of matching subjects), in log order. */
  events(subjectPattern = '>'): AnyEvent[] {
    return this.commits
      .filter((commit) => subjectMatches(subjectPattern, commit.subject))
      .flatMap((commit) => [...commit.events]);
  }

  /** Every event of one type, in log order. */
  eventsOf<T extends EventType>(type: T): Extract<AnyEvent, { type: T }>[] {
    return this.events().filter((event): event is Extract<AnyEvent, { type: T }> => event.type === type);
  }

  /** Position of the last commit, for following from here. */
  get end(): Position | null {
    const last = this.#commits.at(-1);
    return last ? { sequence: last.sequence, msgId: last.msgId } : null;
  }

  /** From now on appends stay in flight until `release`; entries group meanwhile. */
  hold(): void {
    this.#held ??= [];
  }

  release(): void {
    const held = this.#held ?? [];
    this.#held = null;
    for (const go of held) go();
  }

  /** Stores bytes as they are, e.g. an event this build cannot read. */
  appendRaw(subject: string, text: string): number {
    return this.#store(subject, { payload: Buffer.from(text), entries: 1, events: 1 });
  }

  /** Forgets one commit, or all up to a sequence. */
  trim(range: { readonly upTo: number } | { readonly at: number }): void {
    const from = 'at' in range ? range.at : 1;
    const to = 'at' in range ? range.at : range.upTo;
    for (let sequence = from; sequence <= to; sequence += 1) {
      this.#bytes -= this.#commits[sequence - 1]?.bytes.length ?? 0;
      if (sequence <= this.#commits.length) this.#commits[sequence - 1] = null;
    }
  }

  /** Resolves when all followers have handled everything, what their handling appended included. */
  async settled(): Promise<void> {
    let before: number;
    do {
      before = this.#commits.length;
      await Promise.all([...this.#groups.values()].map((group) => group.idle()));
      await Promise.all([...this.#followers].map((follower) => follower.caughtUp()));
      await new Promise((resolve) => setImmediate(resolve));
    } while (this.#commits.length !== before);
  }

  get objects(): ReadonlyMap<string, Uint8Array> {
    return this.#objects;
  }

  // --- helpers ---------------------------------------------------------------------------------

  async #publish(subject: string, draft: CommitDraft): Promise<number> {
    await this.#wait();
    this.#check();
    return this.#store(subject, draft);
  }

  /** An append takes at least one turn of the queue, as the real one does. */
  async #wait(): Promise<void> {
    const held = this.#held;
    await (held === null ? null : new Promise<void>((resolve) => held.push(resolve)));
  }

  #store(subject: string, draft: CommitDraft): number {
    const bytesMax = this.options.bytesMax ?? Infinity;
    if (this.#bytes + draft.payload.length > bytesMax) {
      throw new Fault('log_full', `the log is full (${bytesMax} bytes)`);
    }
    const sequence = this.#commits.length + 1;
    const appendedAtMs = (this.options.now ?? Date.now)();
    const msgId = `${this.#life}-${sequence}`;
    this.#commits.push(
      new StoredCommit({ subject, sequence, msgId, appendedAtMs, bytes: draft.payload }),
    );
    this.#bytes += draft.payload.length;
    for (const follower of this.#followers) follower.wake();
    return sequence;
  }

  #lastOf(subject: string): Commit | null {
    return this.#commits.findLast((commit) => commit?.subject === subject) ?? null;
  }

  #check(): void {
    if (this.failing !== null) throw this.failing;
  }
}

function checkSize(bytes: number): void {
  if (bytes <= payloadBytesMax) return;
  throw new Fault('too_large', `an entry of ${bytes} bytes, ${payloadBytesMax} allowed`);
}
