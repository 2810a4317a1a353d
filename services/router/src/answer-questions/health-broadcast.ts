// Broadcasts which provider keys are not to be called now, so that workers skip them in plans that
// were made before, and how many jobs are open. Each second, and at once when a key closes or opens.
import { closedNow } from '@libs/routing/health-view';
import { busyAt, keyName } from '@libs/routing/provider-load';
import type { HealthSignal } from '@libs/signals/ask-messages';
import { signalSubjects, type Signals } from '@libs/signals/signals';
import type { World } from '@libs/routing/world';

/** A full key is looked at again with the next broadcast. */
const saturatedForMs = 1_000;

export class HealthBroadcast {
  #lastClosed = '';

  constructor(
    private readonly world: World, private readonly signals: Signals,
    private readonly instance: string,
  ) {}

  /** Sends the view; with `onChange` only if a key was closed or opened since the last time. */
  send(partitions: readonly number[], nowMs: number, onChange: boolean): void {
    if (partitions.length === 0) return;
    const notNow = closedNow(this.world.load, this.world.governance, nowMs);
    const fingerprint = notNow
      .map(({ provider, key, model, untilMs }) => `${provider}/${key} ${model}@${untilMs}`).join();
    if (onChange && fingerprint === this.#lastClosed) return;
    this.#lastClosed = fingerprint;
    const epoch = Math.max(...partitions.map((p) => this.world.partitions[p]?.owner?.epoch ?? 0));
    const closed = [
      ...notNow.map(({ provider, key, model, untilMs, why }) => (
        { provider, key, model, until_ms: untilMs, why }
      )),
      ...this.#saturated(nowMs),
    ];
    const open_jobs = partitions.map((p) => this.world.partitions[p]?.jobs.size ?? 0);
    const signal: HealthSignal = { router: this.instance, epoch, partitions, open_jobs, closed };
    this.signals.publish(signalSubjects.health, JSON.stringify(signal));
  }

  #saturated(nowMs: number): HealthSignal['closed'][number][] {
    const saturated: HealthSignal['closed'][number][] = [];
    for (const { provider, keys } of this.world.governance.providers.values()) {
      for (const { name, max_in_flight: most } of keys) {
        if (most === null || busyAt(this.world.load, keyName(provider, name)) < most) continue;
        saturated.push({ provider, key: name, until_ms: nowMs + saturatedForMs, why: 'saturated' });
      }
    }
    return saturated;
  }
}
