// Job states kept between batches, so that most events need no question to Postgres.
import { type JobState } from '@libs/jobs/state';

/** About 2 KB a state: 20,000 of them are 40 MB. */
const statesMax = 20_000;

/** Least recently written states are dropped first; a dropped one is read back when needed. */
export class StateCache {
  readonly #states = new Map<string, JobState>();

  get(id: string): JobState | undefined {
    return this.#states.get(id);
  }

  /** Call only after the batch that made these states is durable. */
  keep(states: ReadonlyMap<string, JobState>): void {
    for (const [id, state] of states) {
      this.#states.delete(id);
      this.#states.set(id, state);
    }
    for (const id of this.#states.keys()) {
      if (this.#states.size <= statesMax) return;
      this.#states.delete(id);
    }
  }

  clear(): void {
    this.#states.clear();
  }
}
