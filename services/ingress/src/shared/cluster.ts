// What the other services say of themselves (heartbeats, health): for operators, and how many jobs
// are open in all.
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
  readonly #openByPartition = new Map<number, number>();
  #openJobs = 0;
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
        this.#count(said);
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

  /** Jobs without an end, in all partitions; as last heard while nobody owns one. */
  get openJobs(): number {
    return this.#openJobs;
  }

  /** By partition: after a takeover two routers may have spoken of the same one. */
  #count({ partitions, open_jobs: open = [] }: HealthSignal): void {
    partitions.forEach((partition, index) => {
      const before = this.#openByPartition.get(partition) ?? 0;
      const jobs = open[index] ?? 0;
      this.#openByPartition.set(partition, jobs);
      this.#openJobs += jobs - before;
    });
  }

  #recent<T>(heard: Map<string, Heard<T>>): T[] {
    const after = this.now() - forgetAfterMs;
    for (const [name, { atMs }] of heard) if (atMs < after) heard.delete(name);
    return [...heard.values()].map(({ said }) => said);
  }
}
