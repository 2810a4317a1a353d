// One follower of the in-memory log: hands over commits in order, one at a time.
import { Fault } from '@libs/faults/faults';
import { type Commit, type Following, type FollowOptions } from './log';
import { subjectFilter } from './subject-match';

/** What a follower sees of the log. */
export interface FollowedLog {
  at(sequence: number): Commit | null;
  lastSequence(): number;
  stopped(): void;
}

interface Waiter {
  readonly upTo: number;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

export class InMemoryFollower implements Following {
  readonly #matches: (subject: string) => boolean;
  #handled: number;
  #running = false;
  #ended: { readonly error: Error } | null = null;
  #waiters: Waiter[] = [];

  constructor(private readonly options: FollowOptions, private readonly log: FollowedLog) {
    this.#matches = subjectFilter(options.subjects);
    this.#handled = options.after?.sequence ?? 0;
  }

  get handledSequence(): number {
    return this.#handled;
  }

  start(): void {
    const fork = this.#fork();
    if (fork === null) this.wake();
    else queueMicrotask(() => this.#end(fork, true));
  }

  wake(): void {
    if (this.#running || this.#ended !== null) return;
    this.#running = true;
    queueMicrotask(() => void this.#run());
  }

  caughtUp(): Promise<void> {
    const upTo = this.log.lastSequence();
    return new Promise((resolve, reject) => {
      if (this.#ended !== null) reject(this.#ended.error);
      else if (this.#handled >= upTo) resolve();
      else this.#waiters.push({ upTo, resolve, reject });
    });
  }

  async stop(): Promise<void> {
    this.#end(new Fault('shutting_down', 'the follower was stopped'), false);
    return Promise.resolve();
  }

  async #run(): Promise<void> {
    while (this.#handled < this.log.lastSequence() && this.#ended === null) {
      const commit = this.log.at(this.#handled + 1);
      try {
        if (commit !== null && this.#matches(commit.subject)) {
          const handled = this.options.onCommit(commit);
          if (handled !== undefined) await handled;
        }
      } catch (error) {
        this.#end(error, true);
        break;
      }
      this.#handled += 1;
      this.#tellWaiters();
    }
    this.#running = false;
  }

  #fork(): Fault | null {
    const { after } = this.options;
    if (after === null) return null;
    const found = this.log.at(after.sequence);
    const beyond = after.sequence > this.log.lastSequence();
    if (!beyond && (found === null || found.msgId === after.msgId)) return null;
    return new Fault('log_forked', `another commit than ${after.msgId} stands at ${after.sequence}`);
  }

  #tellWaiters(): void {
    if (this.#waiters.length === 0) return;
    for (const { upTo, resolve } of this.#waiters) if (upTo <= this.#handled) resolve();
    this.#waiters = this.#waiters.filter(({ upTo }) => upTo > this.#handled);
  }

  #end(error: unknown, tell: boolean): void {
    if (this.#ended !== null) return;
    this.#ended = { error: error instanceof Error ? error : new Error(String(error)) };
    for (const { reject } of this.#waiters) reject(error);
    this.#waiters = [];
    this.log.stopped();
    if (tell) this.options.onStopped(error);
  }
}
