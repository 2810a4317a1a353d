// The commits this worker holds: keeps the server from handing them to another one while work goes
// on, and knows which sequences run here.
import { type Delivery } from '@libs/log/work-queue';

/** A third of the ack wait: two may get lost. */
const workingEachMs = 3_000;

interface Held {
  readonly delivery: Delivery;
  /** Progress is not told past this: the jobs must have ended by then. */
  readonly untilMs: number;
  toldAtMs: number;
}

export class HeldCommits {
  readonly #bySequence = new Map<number, Held>();

  get size(): number {
    return this.#bySequence.size;
  }

  has(sequence: number): boolean {
    return this.#bySequence.has(sequence);
  }

  hold(delivery: Delivery, untilMs: number, nowMs: number): void {
    this.#bySequence.set(delivery.commit.sequence, { delivery, untilMs, toldAtMs: nowMs });
  }

  release(delivery: Delivery): void {
    const { sequence } = delivery.commit;
    if (this.#bySequence.get(sequence)?.delivery === delivery) this.#bySequence.delete(sequence);
  }

  /** Tells the server of progress where it is due; call it about each second. */
  tellProgress(nowMs: number): void {
    for (const held of this.#bySequence.values()) {
      if (nowMs - held.toldAtMs < workingEachMs || nowMs >= held.untilMs) continue;
      held.toldAtMs = nowMs;
      held.delivery.working();
    }
  }
}
