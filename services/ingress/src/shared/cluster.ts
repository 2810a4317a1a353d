// What the other services say of themselves (heartbeats, health), for operators only.
import { type HealthSignal, type WorkerHeartbeat } from '@libs/signals/ask-messages';
import { signalSubjects, type Signals, type SignalSubscription } from '@libs/signals/signals';

/** Both speak each second; five missed ones mean gone. */
const forgetAfterMs = 5_000;

interface Heard<T> {
  readonly atMs: number;
  readonly said: T;
}

export class Cluster {
  readonly #workers = new Map<string, Heard<WorkerHeartbeat>>();
  readonly #routers = new Map<string, Heard<HealthSignal>>();
  #subscriptions: SignalSubscription[] = [];

  constructor(
    private readonly signals: Signals,
    private readonly now: () => number,
  ) {}

  start(): void {
    this.#subscriptions = [
      this.signals.subscribe(signalSubjects.workerHeartbeat, (text) => {
        const said = JSON.parse(text) as WorkerHeartbeat;
        this.#workers.set(said.worker, { atMs: this.now(), said });
      }),
      this.signals.subscribe(signalSubjects.health, (text) => {
        const said = JSON.parse(text) as HealthSignal;
        this.#routers.set(said.router, { atMs: this.now(), said });
      }),
    ];
  }

  stop(): void {
    for (const subscription of this.#subscriptions) subscription.stop();
  }

  workers(): WorkerHeartbeat[] {
    return this.#recent(this.#workers);
  }

  routers(): HealthSignal[] {
    return this.#recent(this.#routers);
  }

  #recent<T>(heard: Map<string, Heard<T>>): T[] {
    const after = this.now() - forgetAfterMs;
    for (const [name, { atMs }] of heard) if (atMs < after) heard.delete(name);
    return [...heard.values()].map(({ said }) => said);
  }
}
