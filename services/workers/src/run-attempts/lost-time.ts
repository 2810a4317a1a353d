// Notices when this process was away (paused, starved, cut off from the log) for so long that its
// commits may have been handed to another worker. What it finishes afterwards is still appended,
// but callers hear of it from the router, in log order, not from here.

/** How often the clock is looked at: well below any ack wait worth having. */
const lookEachMs = 250;

export class LostTime {
  #lastLookMs: number;
  #count = 0;
  readonly #timer: NodeJS.Timeout;

  /** `now`: a clock that goes on while the process is stopped. */
  constructor(private readonly ackWaitMs: number, private readonly now: () => number) {
    this.#lastLookMs = now();
    this.#timer = setInterval(() => this.#look(), lookEachMs);
    this.#timer.unref();
  }

  /** Times lost so far; a job whose count differs from its start's was held across one. */
  count(): number {
    // The timer that would notice may stand behind the very event that asks.
    this.#look();
    return this.#count;
  }

  /** The connection to the log was lost and is back. */
  reconnected(): void {
    this.#count += 1;
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  #look(): void {
    const nowMs = this.now();
    if (nowMs - this.#lastLookMs >= this.ackWaitMs) this.#count += 1;
    this.#lastLookMs = nowMs;
  }
}
