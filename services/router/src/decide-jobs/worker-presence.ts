// Which workers are heard, and how much they can take. Nothing is dispatched while none is.
import { signalSubjects, type Signals, type SignalSubscription } from '@libs/signals/signals';
import type { WorkerHeartbeat } from '@libs/signals/ask-messages';
import type { Clock } from '../shared/clock';

/** Three heartbeats missed, and some delay. */
const silenceMaxMs = 3_500;
/**
 * Jobs in flight include those on their way to a worker and back through the log, so more than the
 * workers run at once: twice as many keep them busy, and the rest waits in fair order here.
 */
const roomPerCapacity = 2;

export class WorkerPresence {
  readonly #heard = new Map<string, { readonly beat: WorkerHeartbeat; readonly atMs: number }>();
  #subscription: SignalSubscription | null = null;

  constructor(private readonly signals: Signals, private readonly now: Clock) {}

  /** `changed` is called when a worker is heard for the first time. */
  start(changed: () => void): void {
    this.#subscription = this.signals.subscribe(signalSubjects.workerHeartbeat, (text) => {
      const beat = JSON.parse(text) as WorkerHeartbeat;
      const known = this.#heard.get(beat.worker);
      this.#heard.set(beat.worker, { beat, atMs: this.now() });
      if (known === undefined || known.beat.draining !== beat.draining) changed();
    });
  }

  stop(): void {
    this.#subscription?.stop();
  }

  get count(): number {
    return this.#alive().length;
  }

  /** Jobs the workers can hold in all, those they hold included. */
  room(): number {
    return this.#alive().reduce((sum, beat) => sum + beat.capacity * roomPerCapacity, 0);
  }

  #alive(): WorkerHeartbeat[] {
    const alive: WorkerHeartbeat[] = [];
    for (const [worker, { beat, atMs }] of this.#heard) {
      if (this.now() - atMs > silenceMaxMs) this.#heard.delete(worker);
      else if (!beat.draining) alive.push(beat);
    }
    return alive;
  }
}
