// The bare group commit: one publish in flight, what arrives meanwhile leaves together with the
// next.
import { type NatsConnection } from '@nats-io/transport-node';

interface Waiting {
  readonly line: string;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

export class GroupCommit {
  #waiting: Waiting[] = [];
  #inFlight = false;

  constructor(
    private readonly nc: NatsConnection, private readonly subject: string,
    private readonly linesMax: number,
  ) {}

  /** Resolves when the line is stored. */
  append(line: string): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ line, resolve, reject });
      if (!this.#inFlight) void this.#run();
    });
  }

  async #run(): Promise<void> {
    this.#inFlight = true;
    while (this.#waiting.length > 0) {
      const batch = this.#waiting.splice(0, this.linesMax);
      try {
        const payload = batch.map(({ line }) => line).join('\n');
        const answer = await this.nc.request(this.subject, payload, { timeout: 10_000 });
        const { error } = answer.json<{ error?: { description: string } }>();
        if (error !== undefined) throw new Error(error.description);
        for (const { resolve } of batch) resolve();
      } catch (error) {
        for (const { reject } of batch) reject(error);
      }
    }
    this.#inFlight = false;
  }
}
