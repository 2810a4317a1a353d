// Room for large request bodies in memory: each is held until its answer has left, some of them
// twenty megabytes long. What does not fit is refused before it is read.

export interface BodyHold {
  /** From now on it holds this much; nothing gives its room back. */
  keep(bytes: number): void;
}

export class BodyRoom {
  #bytes = 0;

  constructor(private readonly bytesMax: number) {}

  get bytes(): number {
    return this.#bytes;
  }

  /** Takes room for a body; null when there is none. One body always fits. */
  take(bytes: number): BodyHold | null {
    if (this.#bytes > 0 && this.#bytes + bytes > this.bytesMax) return null;
    let held = bytes;
    this.#bytes += bytes;
    return {
      keep: (kept) => {
        this.#bytes += kept - held;
        held = kept;
      },
    };
  }
}
