// The states of jobs as they were before a commit of the past: kept from page to page, and folded from
// the archived story of the job where they are not.
import { evolve } from '@libs/jobs/evolve';
import { type JobState } from '@libs/jobs/state';
import { type Database } from '@libs/postgres/database';
import { storiesBefore } from '@libs/postgres/stories';
import { StateCache } from '../shared/state-cache';

export class StatesBefore {
  readonly #cache = new StateCache();

  constructor(private readonly database: Database) {}

  /** Of those of `ids` that were there before `sequence`. */
  async at(sequence: number, ids: ReadonlySet<string>): Promise<Map<string, JobState>> {
    const states = new Map<string, JobState>();
    const missing: string[] = [];
    for (const id of ids) {
      const state = this.#cache.get(id);
      if (state === undefined) missing.push(id);
      else states.set(id, state);
    }
    const stories = await storiesBefore(this.database, missing, sequence);
    for (const [id, story] of stories) {
      const state = story.reduce<JobState | undefined>(
        (before, { event, position }) => evolve(before, event, position), undefined,
      );
      if (state !== undefined) states.set(id, state);
    }
    return states;
  }

  keep(states: ReadonlyMap<string, JobState>): void {
    this.#cache.keep(states);
  }

  clear(): void {
    this.#cache.clear();
  }
}
