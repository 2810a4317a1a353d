// The routers' health broadcast as this worker last heard it: what is not to be called now.
import { type Candidate } from '@libs/events/job-events';
import { type HealthSignal } from '@libs/signals/ask-messages';

/** A router that was not heard for this long (it speaks each second) says nothing any more. */
const staleAfterMs = 5_000;

interface Heard {
  readonly atMs: number;
  /** End of closure by `provider/key model`, `*` for any key or any model. */
  readonly untilMs: ReadonlyMap<string, number>;
}

export class ClosedKeys {
  readonly #byRouter = new Map<string, Heard>();

  hear(signal: HealthSignal, nowMs: number): void {
    const untilMs = new Map(
      signal.closed.map((one) => [`${one.provider}/${one.key} ${one.model ?? '*'}`, one.until_ms]),
    );
    this.#byRouter.set(signal.router, { atMs: nowMs, untilMs });
  }

  isClosed({ provider, key, model }: Candidate, nowMs: number): boolean {
    const names = [`${provider}/${key} *`, `${provider}/* ${model}`, `${provider}/* *`];
    for (const { atMs, untilMs } of this.#byRouter.values()) {
      if (nowMs - atMs >= staleAfterMs) continue;
      if (names.some((name) => (untilMs.get(name) ?? 0) > nowMs)) return true;
    }
    return false;
  }
}
