// Commits received and not yet handled, oldest first. What was taken is let go of, also while there
// is always something left: a fold that catches up with a long log never finds its queue empty.
import { type Commit } from '@libs/log/log';

/** Taken entries in front of the others; moving the rest costs less per entry the more there are. */
const takenMax = 256;

export class CommitQueue {
  #commits: Commit[] = [];
  #taken = 0;
  #bytes = 0;

  /** Waiting. */
  get length(): number {
    return this.#commits.length - this.#taken;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** Commits in memory, those taken included. */
  get held(): number {
    return this.#commits.length;
  }

  push(commit: Commit): void {
    this.#commits.push(commit);
    this.#bytes += commit.bytes.length;
  }

  take(): Commit | undefined {
    const commit = this.#commits[this.#taken];
    if (commit === undefined) return undefined;
    this.#taken += 1;
    this.#bytes -= commit.bytes.length;
    if (this.#taken === this.#commits.length || this.#taken >= takenMax) {
      this.#commits = this.#commits.slice(this.#taken);
      this.#taken = 0;
    }
    return commit;
  }

  clear(): void {
    this.#commits = [];
    this.#taken = 0;
    this.#bytes = 0;
  }
}
