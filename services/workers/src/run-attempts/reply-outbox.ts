// Sends results and deltas to the ingresses that wait: one sender per ingress, everything of a tick
// in one message, in order; each message confirmed by the ingress and sent again once if it is not.
import { encodeReplies, type ReplyMessage } from '@libs/signals/reply-messages';
import { signalSubjects, type Signals } from '@libs/signals/signals';

/** How long an ingress may take to confirm. It asks by itself after 5 s of quiet. */
const confirmTimeoutMs = 1_000;
/** Characters in one message: with two bytes for some it stays below the server's 1 MB. */
const batchCharsMax = 600_000;

export class ReplyOutbox {
  readonly #waiting = new Map<string, ReplyMessage[]>();
  readonly #underWay = new Set<Promise<void>>();
  #scheduled = false;

  constructor(
    private readonly signals: Signals,
    private readonly onUnconfirmed: (messages: number) => void,
  ) {}

  send(ingress: string, message: ReplyMessage): void {
    const queue = this.#waiting.get(ingress);
    if (queue === undefined) this.#waiting.set(ingress, [message]);
    else queue.push(message);
    if (this.#scheduled) return;
    this.#scheduled = true;
    setImmediate(() => this.#flush());
  }

  /** Resolves when everything given so far is confirmed or given up. */
  async emptied(): Promise<void> {
    this.#flush();
    await Promise.all(this.#underWay);
  }

  #flush(): void {
    this.#scheduled = false;
    for (const [ingress, messages] of this.#waiting) {
      for (const batch of batches(messages)) {
        const delivered = this.#deliver(ingress, batch)
          .finally(() => this.#underWay.delete(delivered));
        this.#underWay.add(delivered);
      }
    }
    this.#waiting.clear();
  }

  async #deliver(ingress: string, batch: readonly ReplyMessage[]): Promise<void> {
    const subject = signalSubjects.reply(ingress);
    const text = encodeReplies(batch);
    for (let sendings = 0; sendings < 2; sendings += 1) {
      try {
        await this.signals.request(subject, text, confirmTimeoutMs);
        return;
      } catch {
        // Whatever went wrong, the ingress asks for what it waits for: nothing is lost, only late.
      }
    }
    this.onUnconfirmed(batch.length);
  }
}

function* batches(messages: readonly ReplyMessage[]): Generator<readonly ReplyMessage[]> {
  let start = 0;
  let chars = 0;
  for (const [index, message] of messages.entries()) {
    const size = sizeOf(message);
    if (chars + size > batchCharsMax && index > start) {
      yield messages.slice(start, index);
      start = index;
      chars = 0;
    }
    chars += size;
  }
  yield start === 0 ? messages : messages.slice(start);
}

/** Quotes inside are escaped on the wire, about one character in five of JSON. */
function sizeOf(message: ReplyMessage): number {
  switch (message.kind) {
    case 'result':
      return 500 + (message.body?.length ?? 0) * 1.25;
    case 'delta':
      return 300 + message.data.length * 1.25;
    case 'broken':
    case 'verdict':
    case 'settled':
      return 500;
  }
}
