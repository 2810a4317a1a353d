// The routers' health broadcast as this worker last heard it: provider keys not to be called now.
import { type HealthSignal } from '@libs/signals/ask-messages';

/** A router that was not heard for this long (it speaks each second) says nothing any more. */
const staleAfterMs = 5_000;

interface Heard {
  readonly atMs: number;
  /** End of closure by `provider/key`. */
  readonly untilMs: ReadonlyMap<string, number>;
}

export class ClosedKeys {
  readonly #byRouter = new Map<string, Heard>();

  hear(signal: HealthSignal, nowMs: number): void {
    const untilMs = new Map(
      signal.closed.map((one) => [`${one.provider}/${one.key}`, one.until_ms] as const),
    );
    this.#byRouter.set(signal.router, { atMs: nowMs, untilMs });
  }

  isClosed(provider: string, key: string, nowMs: number): boolean {
    const name = `${provider}/${key}`;
    for (const { atMs, untilMs } of this.#byRouter.values()) {
      if (nowMs - atMs < staleAfterMs && (untilMs.get(name) ?? 0) > nowMs) return true;
    }
    return false;
  }
}
