// Tells workers to stop running jobs that somebody wants canceled: at once, and each second until
// the job has ended (a signal may be lost).
import type { JobState } from '@libs/jobs/state';
import type { PartitionState } from '@libs/routing/partition-state';
import type { CancelSignal } from '@libs/signals/ask-messages';
import { signalSubjects, type Signals } from '@libs/signals/signals';

export class CancelSignals {
  readonly #wanted = new Map<string, PartitionState>();

  constructor(private readonly signals: Signals) {}

  /** A partition was taken over: requests made before count. */
  began(state: PartitionState): void {
    for (const job of state.jobs.values()) {
      if (job.phase === 'running' && job.cancelRequestedBy !== null) this.want(state, job);
    }
  }

  want(state: PartitionState, job: JobState): void {
    this.#wanted.set(job.id, state);
    this.#send(state, job);
  }

  /** Each second. */
  repeat(): void {
    for (const [id, state] of this.#wanted) {
      const job = state.jobs.get(id);
      if (job?.phase === 'running' && state.work !== null) this.#send(state, job);
      else this.#wanted.delete(id);
    }
  }

  #send(state: PartitionState, job: JobState): void {
    if (job.cancelRequestedBy === null) return;
    const signal: CancelSignal = { job: job.id, by: job.cancelRequestedBy };
    this.signals.publish(signalSubjects.cancel(state.partition), JSON.stringify(signal));
  }
}
