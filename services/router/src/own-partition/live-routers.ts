// Which routers are alive, by their heartbeats, so that partitions are shared fairly.
import type { Signals, SignalSubscription } from '@libs/signals/signals';
import type { Clock } from '../shared/clock';

export const heartbeatSubject = 'router.heartbeat';
/** Three heartbeats of a second missed, and some delay. */
const silenceMaxMs = 3_500;

interface RouterHeartbeat {
  readonly router: string;
  readonly partitions: readonly number[];
  /** The last word of a router that stops. */
  readonly leaving: boolean;
}

export class LiveRouters {
  readonly #heardMs = new Map<string, number>();
  #subscription: SignalSubscription | null = null;
  #listeningSinceMs = Infinity;

  constructor(
    private readonly signals: Signals,
    private readonly own: string,
    private readonly now: Clock,
  ) {}

  start(): void {
    this.listenAnew();
    this.signals.onReconnect(() => this.listenAnew());
    this.#subscription = this.signals.subscribe(heartbeatSubject, (text) => {
      const beat = JSON.parse(text) as RouterHeartbeat;
      if (beat.leaving) this.#heardMs.delete(beat.router);
      else this.#heardMs.set(beat.router, this.now());
    });
  }

  stop(): void {
    this.#subscription?.stop();
  }

  beat(partitions: readonly number[], leaving: boolean): void {
    const beat: RouterHeartbeat = { router: this.own, partitions, leaving };
    this.signals.publish(heartbeatSubject, JSON.stringify(beat));
  }

  /** Heartbeats may have been missed until now (disconnected, stopped): silence says nothing. */
  listenAnew(): void {
    this.#listeningSinceMs = this.now();
  }

  isAlive(router: string): boolean {
    return this.now() - (this.#heardMs.get(router) ?? -Infinity) <= silenceMaxMs;
  }

  /** Would have been heard if it were alive. */
  isGone(router: string): boolean {
    return this.now() - this.#listeningSinceMs > silenceMaxMs && !this.isAlive(router);
  }

  /** This one included. */
  get count(): number {
    const others = [...this.#heardMs.keys()].filter((router) => (
      router !== this.own && this.isAlive(router)
    ));
    return others.length + 1;
  }
}
