// Keeps proxies awake: one timer writes a comment line to every open stream.
export interface LiveStream {
  keepAwake(): void;
}

/** Below the usual idle limits of proxies (30 s and more). */
const everyMs = 15_000;

export class LiveStreams {
  readonly #open = new Set<LiveStream>();
  #timer: NodeJS.Timeout | null = null;

  constructor(private readonly intervalMs = everyMs) {}

  start(): void {
    this.#timer = setInterval(() => {
      for (const stream of this.#open) stream.keepAwake();
    }, this.intervalMs);
    this.#timer.unref();
  }

  stop(): void {
    if (this.#timer !== null) clearInterval(this.#timer);
  }

  get size(): number {
    return this.#open.size;
  }

  add(stream: LiveStream): void {
    this.#open.add(stream);
  }

  remove(stream: LiveStream): void {
    this.#open.delete(stream);
  }
}
