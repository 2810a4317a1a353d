// Collects commits between two writes. Holds the fold back when too much waits, so that memory
// stays bounded while Postgres is slow.
import { type Commit } from '@libs/log/log';

/** One write: enough rows to make COPY cheap, few enough to keep a transaction under a second. */
const batchCommitsMax = 2_000;
const batchBytesMax = 8 * 1024 * 1024;
/** Beyond this the fold waits for a write. */
const waitingBytesMax = 32 * 1024 * 1024;

export class CommitBuffer {
  #commits: Commit[] = [];
  #bytes = 0;
  #room: (() => void)[] = [];
  #arrival: (() => void) | null = null;

  get length(): number {
    return this.#commits.length;
  }

  /** Enough for a write of the full size. */
  get isLarge(): boolean {
    return this.#commits.length >= batchCommitsMax || this.#bytes >= batchBytesMax;
  }

  /** Resolves when the next commit may come; undefined when at once. */
  add(commit: Commit): Promise<void> | undefined {
    this.#commits.push(commit);
    this.#bytes += commit.bytes.length;
    this.#arrival?.();
    this.#arrival = null;
    if (this.#bytes < waitingBytesMax) return undefined;
    return new Promise((resolve) => this.#room.push(resolve));
  }

  /** The commits of the next write, oldest first; they stay until `drop`. */
  nextBatch(): Commit[] {
    let bytes = 0;
    let count = 0;
    for (const commit of this.#commits) {
      if (count > 0 && (count >= batchCommitsMax || bytes + commit.bytes.length > batchBytesMax)) break;
      bytes += commit.bytes.length;
      count += 1;
    }
    return this.#commits.slice(0, count);
  }

  /** Forgets the first `count` commits: they are archived. */
  drop(count: number): void {
    for (const commit of this.#commits.slice(0, count)) this.#bytes -= commit.bytes.length;
    this.#commits = this.#commits.slice(count);
    if (this.#bytes >= waitingBytesMax) return;
    const waiting = this.#room;
    this.#room = [];
    for (const resolve of waiting) resolve();
  }

  /** Resolves when there is something to write. */
  async arrival(): Promise<void> {
    if (this.#commits.length > 0) return;
    await new Promise<void>((resolve) => {
      this.#arrival = resolve;
    });
  }

  /** Wakes a waiting `arrival` without a commit (stopping). */
  wake(): void {
    this.#arrival?.();
    this.#arrival = null;
  }
}
