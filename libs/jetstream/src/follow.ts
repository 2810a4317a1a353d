// A fold over the log: every matching commit once, in order, across reconnects, server restarts and
// lost consumers; stops at a fork.
import { type JetStreamManager } from '@nats-io/jetstream';
import { Fault, isFault } from '@libs/faults/faults';
import {
  type Commit, type Following, type FollowOptions, type Position,
} from '@libs/log/log';
import { subjectFilter } from '@libs/log/subject-match';
import { CommitQueue } from './commit-queue';
import { type Link } from './link';
import { OrderedPull } from './ordered-pull';
import { readFromLeader, readLastOf, readState } from './read-log';
import { consumerFilter, type ConsumerFilter } from './subject-filter';

export interface FollowParts {
  readonly link: Link;
  readonly jsm: JetStreamManager;
  /** Server 2.10 or newer. */
  readonly severalFilters: boolean;
  readonly report: (problem: string) => void;
}

/** Commits received and not yet handled; above this nothing more is pulled. */
const queueCommitsMax = 512;
const queueBytesMax = 16 * 1024 * 1024;

interface Waiter {
  readonly upTo: number;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

/** Starts at once, also while the log is not reachable. */
export function followLog(parts: FollowParts, options: FollowOptions): Following {
  const follower = new Follower(parts, options);
  follower.start();
  return follower;
}

class Follower implements Following {
  readonly #filter: ConsumerFilter;
  readonly #matches: (subject: string) => boolean;
  #received: Position | null;
  #handled: number;
  #pull: OrderedPull | null = null;
  readonly #queue = new CommitQueue();
  #busy = false;
  #ended: { readonly error: Error } | null = null;
  #connecting = false;
  #again = false;
  #waiters: Waiter[] = [];
  #unlisten = (): void => undefined;

  constructor(private readonly parts: FollowParts, private readonly options: FollowOptions) {
    this.#filter = consumerFilter(options.subjects, parts.severalFilters);
    this.#matches = subjectFilter(options.subjects);
    this.#received = options.after;
    this.#handled = options.after?.sequence ?? 0;
  }

  get handledSequence(): number {
    return this.#handled;
  }

  start(): void {
    this.#unlisten = this.parts.link.listen(({ kind }) => {
      if (kind === 'reconnected') void this.#connect();
    });
    void this.#connect();
  }

  async caughtUp(): Promise<void> {
    const { lastSequence } = await this.#untilAnswered(() => readState(this.parts.jsm));
    if (this.#ended === null && this.#handled >= lastSequence) return;
    // Commits of other subjects may stand at the end; the last matching one is what to wait for.
    const lasts = await this.#untilAnswered(() => Promise.all(
      this.options.subjects.map((subject) => readLastOf(this.parts.jsm, subject)),
    ));
    const upTo = Math.max(0, ...lasts.map((commit) => commit?.sequence ?? 0));
    await new Promise<void>((resolve, reject) => {
      if (this.#ended !== null) reject(this.#ended.error);
      else if (this.#handled >= upTo) resolve();
      else this.#waiters.push({ upTo, resolve, reject });
    });
    this.#handled = Math.max(this.#handled, lastSequence);
  }

  stop(): Promise<void> {
    this.#end(new Fault('shutting_down', 'the fold was stopped'), false);
    return Promise.resolve();
  }

  async #connect(): Promise<void> {
    this.#again = this.#connecting;
    if (this.#connecting) return;
    this.#connecting = true;
    do {
      this.#again = false;
      this.#pull?.stop();
      this.#pull = null;
      await this.parts.link.whenUp(1000);
      if (this.parts.link.connected) await this.#tryConnect();
      else this.#again = !this.parts.link.closed;
    } while (this.#again && this.#ended === null);
    this.#connecting = false;
  }

  async #tryConnect(): Promise<void> {
    const pull = new OrderedPull(this.parts.link, this.parts.jsm, {
      startSequence: (this.#received?.sequence ?? 0) + 1,
      filter: this.#filter.config,
      ...(this.options.latenessMs === undefined ? {} : { pauseMs: this.options.latenessMs }),
      onCommit: (commit) => this.#receive(commit),
      onBroken: (why) => {
        this.parts.report(`a fold starts a new consumer: ${why}`);
        void this.#connect();
      },
    });
    try {
      await this.#checkFork();
      if (this.#ended !== null) return;
      this.#pull = pull;
      await pull.start();
      if (this.#isEnded()) pull.stop();
    } catch (error) {
      pull.stop();
      if (isFault(error, 'log_forked')) { this.#end(error, true); return; }
      this.parts.report(`a fold cannot start its consumer: ${String(error)}`);
      await new Promise((resolve) => setTimeout(resolve, 250));
      this.#again = true;
    }
  }

  /** @throws Fault log_forked */
  async #checkFork(): Promise<void> {
    const position = this.#received;
    if (position === null) return;
    const found = await readFromLeader(this.parts.jsm, { seq: position.sequence });
    if (found !== null) {
      if (found.msgId === position.msgId) return;
    } else {
      const { lastSequence } = await readState(this.parts.jsm);
      // Trimmed is not forked.
      if (lastSequence >= position.sequence) return;
    }
    const what = `another commit than ${position.msgId} stands at ${position.sequence}`;
    throw new Fault('log_forked', found === null ? `the log ends before ${position.sequence}` : what);
  }

  #receive(commit: Commit): void {
    if (this.#ended !== null) return;
    if (commit.sequence <= (this.#received?.sequence ?? 0)) {
      this.parts.report(`commit ${commit.sequence} came again and was left out`);
      return;
    }
    this.#received = { sequence: commit.sequence, msgId: commit.msgId };
    this.#queue.push(commit);
    if (!this.#busy) this.#handle();
    this.#pause();
  }

  /** Goes on without a promise as long as the handler does. */
  #handle(): void {
    while (!this.#busy && this.#ended === null) {
      const commit = this.#queue.take();
      if (commit === undefined) return;
      try {
        const skip = this.#filter.checkSubjects && !this.#matches(commit.subject);
        const handling = skip ? undefined : this.options.onCommit(commit);
        if (handling !== undefined) { this.#await(commit, handling); return; }
      } catch (error) {
        this.#end(error, true); return;
      }
      this.#done(commit);
    }
  }

  #await(commit: Commit, handling: Promise<void>): void {
    this.#busy = true;
    handling.then(
      () => {
        this.#busy = false;
        this.#done(commit);
        this.#handle();
        this.#pause();
      },
      (error: unknown) => this.#end(error, true),
    );
  }

  #done(commit: Commit): void {
    this.#handled = Math.max(this.#handled, commit.sequence);
    if (this.#waiters.length === 0) return;
    for (const { upTo, resolve } of this.#waiters) if (upTo <= this.#handled) resolve();
    this.#waiters = this.#waiters.filter(({ upTo }) => upTo > this.#handled);
  }

  #pause(): void {
    if (this.#pull === null) return;
    const { length, bytes } = this.#queue;
    this.#pull.paused = length >= queueCommitsMax || bytes >= queueBytesMax;
  }

  #end(error: unknown, tell: boolean): void {
    if (this.#ended !== null) return;
    this.#ended = { error: error instanceof Error ? error : new Error(String(error)) };
    this.#unlisten();
    this.#pull?.stop();
    this.#queue.clear();
    for (const { reject } of this.#waiters) reject(error);
    this.#waiters = [];
    if (tell) this.options.onStopped(error);
  }

  #isEnded(): boolean {
    return this.#ended !== null;
  }

  async #untilAnswered<T>(ask: () => Promise<T>): Promise<T> {
    while (this.#ended === null && !this.parts.link.closed) {
      try {
        return await ask();
      } catch (error) {
        if (!isFault(error, 'log_unavailable')) throw error;
        await this.parts.link.whenUp(1000);
        await new Promise((resolve) => setTimeout(resolve, 100));
      }
    }
    throw this.#ended?.error ?? new Fault('log_unavailable', 'the connection is closed');
  }
}
