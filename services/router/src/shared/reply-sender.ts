// Sends replies to ingresses: one loop per ingress, strictly in order, batched while a batch is on
// its way. What is not confirmed is sent once more; after that the ingress asks by itself.
import { isFault } from '@libs/faults/faults';
import { encodeReplies, type ReplyMessage } from '@libs/signals/reply-messages';
import { signalSubjects, type Signals } from '@libs/signals/signals';
import type { Logger } from '@libs/telemetry/logger';

/** Confirmations take a millisecond; a second means that the ingress is gone or stuck. */
const confirmTimeoutMs = 1_000;
/** About 200 KB of settled and verdict messages. */
const batchMax = 1_000;

export class ReplySender {
  readonly #waiting = new Map<string, ReplyMessage[]>();

  constructor(private readonly signals: Signals, private readonly logger: Logger) {}

  send(ingress: string, message: ReplyMessage): void {
    const waiting = this.#waiting.get(ingress);
    if (waiting !== undefined) {
      waiting.push(message);
      return;
    }
    this.#waiting.set(ingress, [message]);
    // Everything of this turn of the event loop leaves together.
    setImmediate(() => void this.#run(ingress));
  }

  async #run(ingress: string): Promise<void> {
    for (;;) {
      const batch = this.#waiting.get(ingress)?.splice(0, batchMax) ?? [];
      if (batch.length === 0) {
        this.#waiting.delete(ingress);
        return;
      }
      const text = encodeReplies(batch);
      if (await this.#confirmed(ingress, text) || await this.#confirmed(ingress, text)) continue;
      this.logger.warn({ ingress, count: batch.length }, 'replies were not confirmed');
    }
  }

  async #confirmed(ingress: string, text: string): Promise<boolean> {
    try {
      await this.signals.request(signalSubjects.reply(ingress), text, confirmTimeoutMs);
      return true;
    } catch (error) {
      if (!isFault(error)) throw error;
      return false;
    }
  }
}
