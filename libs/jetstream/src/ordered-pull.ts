// Pulls from a short-lived consumer of its own: keeps enough pulls open to be fast, few enough to
// bound memory, and reports when the consumer must be made anew. nats.js' ordered consumer is not
// used because its callback form has no back-pressure and its iterator form costs a promise each.
import { type ConsumerConfig, type JetStreamManager } from '@nats-io/jetstream';
import { createInbox, type Msg, nanos, nuid, type Subscription } from '@nats-io/transport-node';
import { streamName } from '@libs/events/subjects';
import { type RawCommit, StoredCommit } from '@libs/log/stored-commit';
import { parseAckSubject } from './ack-subject';
import { type Link } from './link';

/** Two pulls open: while one is used up the next already stands at the server. */
const pullsOpen = 2;
/** Per pull; 16 MiB for both is the most that can be on its way. */
const pullMessages = 512;
const pullBytes = 8 * 1024 * 1024;
const pullExpiresMs = 30_000;
const heartbeatMs = 5000;
/** Two heartbeats missed, and some time for a busy process. */
const silenceMs = 12_500;
/** The server removes the consumer after this; a reader that is away longer makes a new one. */
const inactiveMs = 60_000;

export interface OrderedPullOptions {
  readonly startSequence: number;
  readonly filter: Pick<Partial<ConsumerConfig>, 'filter_subject' | 'filter_subjects'>;
  readonly onCommit: (commit: StoredCommit) => void;
  /** The consumer is gone or something was missed: start again after the last commit. */
  readonly onBroken: (why: string) => void;
}

export class OrderedPull {
  #subscription: Subscription | null = null;
  #inbox = '';
  #name = '';
  #pulls: number[] = [];
  #expected = 1;
  #heardAt = 0;
  #paused = false;
  #timer: NodeJS.Timeout | null = null;

  constructor(
    private readonly link: Link, private readonly jsm: JetStreamManager,
    private readonly options: OrderedPullOptions,
  ) {}

  async start(): Promise<void> {
    this.#name = `follow-${nuid.next()}`;
    await this.jsm.consumers.add(streamName, {
      name: this.#name,
      ack_policy: 'none',
      deliver_policy: 'by_start_sequence',
      opt_start_seq: this.options.startSequence,
      inactive_threshold: nanos(inactiveMs),
      mem_storage: true,
      num_replicas: 1,
      ...this.options.filter,
    });
    this.#inbox = createInbox();
    this.#subscription = this.link.nc.subscribe(this.#inbox, {
      callback: (error, message) => {
        if (error === null) this.#receive(message);
        else this.#break(`the subscription failed: ${error.message}`);
      },
    });
    this.#heardAt = performance.now();
    this.#timer = setInterval(() => this.#checkSilence(), heartbeatMs).unref();
    this.#pullMore();
  }

  stop(): void {
    this.#subscription?.unsubscribe();
    this.#subscription = null;
    if (this.#timer !== null) clearInterval(this.#timer);
    this.#timer = null;
  }

  /** The reader is behind: what was pulled still comes, nothing new is asked for. */
  set paused(paused: boolean) {
    this.#paused = paused;
    if (!paused) this.#pullMore();
  }

  #receive(message: Msg): void {
    this.#heardAt = performance.now();
    if (message.subject === this.#inbox) return this.#status(message);
    const raw = rawCommit(message);
    if (raw.consumerSequence !== this.#expected) {
      return this.#break(`expected delivery ${this.#expected}, got ${raw.consumerSequence}`);
    }
    this.#expected += 1;
    const left = (this.#pulls[0] ?? 1) - 1;
    if (left > 0) this.#pulls[0] = left;
    else this.#pulls.shift();
    this.options.onCommit(new StoredCommit(raw));
    this.#pullMore();
  }

  #status(message: Msg): void {
    const code = message.headers?.code ?? 0;
    if (code === 100) return;
    const text = message.headers?.description ?? '';
    const ended = code === 404 || code === 408 || /MaxBytes|Batch Completed/i.test(text);
    if (!ended) return this.#break(`the server said ${code} ${text}`);
    const left = Number(message.headers?.get('Nats-Pending-Messages') ?? '');
    if (text === 'Batch Completed' && left === 0) return;
    const index = this.#pulls.indexOf(left);
    this.#pulls.splice(Math.max(index, 0), 1);
    this.#pullMore();
  }

  #pullMore(): void {
    if (this.#paused || this.#subscription === null) return;
    while (this.#pulls.length < pullsOpen) {
      this.#pulls.push(pullMessages);
      const pull = JSON.stringify({
        batch: pullMessages,
        max_bytes: pullBytes,
        expires: nanos(pullExpiresMs),
        idle_heartbeat: nanos(heartbeatMs),
      });
      const subject = `$JS.API.CONSUMER.MSG.NEXT.${streamName}.${this.#name}`;
      this.link.nc.publish(subject, pull, { reply: this.#inbox });
    }
  }

  #checkSilence(): void {
    if (!this.link.connected || this.#pulls.length === 0) return;
    if (performance.now() - this.#heardAt > silenceMs) this.#break('the server fell silent');
  }

  #break(why: string): void {
    if (this.#subscription === null) return;
    this.stop();
    this.options.onBroken(why);
  }
}

function rawCommit(message: Msg): RawCommit & { readonly consumerSequence: number } {
  const info = parseAckSubject(message.reply ?? '');
  return {
    subject: message.subject,
    sequence: info.streamSequence,
    msgId: message.headers?.get('Nats-Msg-Id') ?? '',
    appendedAtMs: info.storedAtMs,
    bytes: message.data,
    consumerSequence: info.consumerSequence,
  };
}
