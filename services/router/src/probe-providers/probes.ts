// Asks workers for the background probes that are due. The owner of partition 0 does it, so that each
// is asked for once; an order that is lost is due again later.
import { dueProbes, type Probed } from '@libs/routing/due-probes';
import type { World } from '@libs/routing/world';
import type { ProbeOrder } from '@libs/signals/ask-messages';
import { signalSubjects, type Signals } from '@libs/signals/signals';

export class Probes {
  readonly #probed: Probed = new Map();

  constructor(private readonly world: World, private readonly signals: Signals) {}

  ask(partitions: readonly number[], nowMs: number): void {
    if (!partitions.includes(0)) return;
    const { load, governance } = this.world;
    for (const order of dueProbes(load, governance, this.#probed, nowMs)) {
      this.signals.publish(signalSubjects.probe, JSON.stringify(order satisfies ProbeOrder));
    }
  }
}
