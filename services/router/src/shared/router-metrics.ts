// The router's figures.
import {
  type Counter, counter, type Gauge, gauge, type Histogram, histogram, type Registry,
} from '@libs/telemetry/metrics';

export class RouterMetrics {
  readonly #decisions: Counter;
  readonly #lostRaces: Counter;
  readonly #appends: Histogram;

  constructor(readonly registry: Registry) {
    this.#decisions = counter(registry, 'router_decisions_total', 'Decisions handed to the log');
    this.#lostRaces = counter(registry, 'router_lost_races_total', 'Fenced appends that lost');
    this.#appends = histogram(
      registry, 'router_append_seconds', 'Time of a fenced append',
      [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.5, 2],
    );
  }

  decided(count: number): void {
    this.#decisions.inc(count);
  }

  appended(durationMs: number): void {
    this.#appends.observe(durationMs / 1_000);
  }

  lostRace(): void {
    this.#lostRaces.inc();
  }

  /** A figure that is read when asked for. */
  watch(name: string, help: string, read: () => number): Gauge {
    const made = gauge(this.registry, name, help);
    Object.assign(made, { collect: () => made.set(read()) });
    return made;
  }
}
