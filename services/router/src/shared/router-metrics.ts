// The router's figures.
import type { ProviderView } from '@libs/routing/health-view';
import {
  type Counter, counter, type Gauge, gauge, type Histogram, histogram, type Registry,
} from '@libs/telemetry/metrics';

export class RouterMetrics {
  readonly #decisions: Counter;
  readonly #lostRaces: Counter;
  readonly #appends: Histogram;
  readonly #alerts: Counter<'alert'>;

  constructor(readonly registry: Registry) {
    this.#decisions = counter(registry, 'router_decisions_total', 'Decisions handed to the log');
    this.#lostRaces = counter(registry, 'router_lost_races_total', 'Fenced appends that lost');
    this.#alerts = counter(registry, 'alerts_total', 'Alerts raised', ['alert']);
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

  raised(alert: string): void {
    this.#alerts.inc({ alert });
  }

  lostRace(): void {
    this.#lostRaces.inc();
  }

  /** The share of its weight that health leaves each target, and which keys are not to be called. */
  watchHealth(read: () => readonly ProviderView[]): void {
    const shares = gauge(this.registry, 'target_share',
      'Part of its weight that health leaves a target: 1 healthy, 0 open', ['provider', 'model']);
    const keys = gauge(this.registry, 'key_usable',
      '1: the provider key may be called now; 0: cooling, paced, full or out', ['provider', 'key']);
    Object.assign(shares, {
      collect: () => {
        shares.reset();
        keys.reset();
        for (const provider of read()) {
          const isOpen = provider.state === 'open';
          for (const { provider: name, model, share } of provider.targets) {
            shares.set({ provider: name, model }, isOpen ? 0 : share);
          }
          for (const { provider: name, key, state } of provider.keys) {
            keys.set({ provider: name, key }, state === 'healthy' ? 1 : 0);
          }
        }
      },
    });
  }

  /** A figure that is read when asked for. */
  watch(name: string, help: string, read: () => number): Gauge {
    const made = gauge(this.registry, name, help);
    Object.assign(made, { collect: () => made.set(read()) });
    return made;
  }
}
