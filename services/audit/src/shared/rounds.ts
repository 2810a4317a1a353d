// Looks at what there is to do, again and again, and never twice at the same time. A look tells its own
// failures: what it throws ends the process.
export class Rounds {
  #timer: NodeJS.Timeout | null = null;
  #running: Promise<void> = Promise.resolve();
  #busy = false;

  constructor(private readonly everyMs: number, private readonly look: () => Promise<void>) {}

  start(): void {
    this.#timer = setInterval(() => {
      if (this.#busy) return;
      this.#busy = true;
      this.#running = this.look().finally(() => { this.#busy = false; });
    }, this.everyMs);
  }

  /** Resolves when the look that is under way has ended. */
  async stop(): Promise<void> {
    if (this.#timer !== null) clearInterval(this.#timer);
    await this.#running;
  }
}
