// Room for large request bodies in this worker's memory: hundreds of jobs run at once, and each may
// have twenty megabytes. Those that do not fit wait their turn; small ones are bounded by the number
// of jobs. The edge has a bound of its own (body-room.ts): nobody can wait there, so it refuses.

/** 512 jobs of this size are 32 MiB. */
const smallBytes = 64 * 1024;

interface Waiting {
  readonly bytes: number;
  readonly go: () => void;
}

export class BodyQueue {
  #bytes = 0;
  #waiting: Waiting[] = [];

  constructor(private readonly bytesMax: number) {}

  /**
   * Runs `work` when there is room for its body, in order of asking; at once when the job is not to
   * go on. One body always fits.
   */
  async run<T>(bytes: number, signal: AbortSignal, work: () => Promise<T>): Promise<T> {
    if (bytes <= smallBytes) return work();
    if (this.#waiting.length > 0 || !this.#fits(bytes)) {
      const taken = await this.#turn(bytes, signal);
      if (!taken) return work();
    } else {
      this.#bytes += bytes;
    }
    try {
      return await work();
    } finally {
      this.#bytes -= bytes;
      this.#letIn();
    }
  }

  #turn(bytes: number, signal: AbortSignal): Promise<boolean> {
    return new Promise((resolve) => {
      const onAbort = (): void => {
        this.#waiting = this.#waiting.filter((other) => other !== waiting);
        resolve(false);
        this.#letIn();
      };
      const waiting = {
        bytes,
        go: () => {
          signal.removeEventListener('abort', onAbort);
          resolve(true);
        },
      };
      if (signal.aborted) { resolve(false); return; }
      signal.addEventListener('abort', onAbort, { once: true });
      this.#waiting.push(waiting);
    });
  }

  #fits(bytes: number): boolean {
    return this.#bytes === 0 || this.#bytes + bytes <= this.bytesMax;
  }

  #letIn(): void {
    for (;;) {
      const [first] = this.#waiting;
      if (first === undefined || !this.#fits(first.bytes)) return;
      this.#waiting.shift();
      this.#bytes += first.bytes;
      first.go();
    }
  }
}
