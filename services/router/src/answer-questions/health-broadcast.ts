// Broadcasts which provider keys are not to be called now, so that workers skip them in plans that
// were made before, and how many jobs are open. Each second, and at once when a key closes or opens.
import { busyAt, closedKeys, keyName } from '@libs/routing/provider-load';
import type { HealthSignal } from '@libs/signals/ask-messages';
import { signalSubjects, type Signals } from '@libs/signals/signals';
import type { World } from '../shared/world';

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
    const cooling = closedKeys(this.world.load, nowMs);
    const fingerprint = cooling.map(({ name, untilMs }) => `${name}@${untilMs}`).join();
    if (onChange && fingerprint === this.#lastClosed) return;
    this.#lastClosed = fingerprint;
    const epoch = Math.max(...partitions.map((p) => this.world.partitions[p]?.owner?.epoch ?? 0));
    const closed = [
      ...cooling.map(({ name, untilMs, why }) => ({ ...splitName(name), until_ms: untilMs, why })),
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

/** Provider ids have no slash. */
function splitName(name: string): { provider: string; key: string } {
  const slash = name.indexOf('/');
  return { provider: name.slice(0, slash), key: name.slice(slash + 1) };
}
