// A short-lived consumer of its own for one fold: delivers in order or says that it cannot.
import { type ConsumerConfig, type JetStreamManager } from '@nats-io/jetstream';
import { type Msg, nanos, nuid } from '@nats-io/transport-node';
import { streamName } from '@libs/events/subjects';
import { type StoredCommit } from '@libs/log/stored-commit';
import { deliveredCommit } from './delivered-commit';
import { type Link } from './link';
import { PullSession } from './pull-session';

/** Two pulls open: while one is used up the next already stands at the server. */
const pullsOpen = 2;
/** Per pull; 16 MiB for both is the most that can be on its way. */
const pullMessages = 512;
const pullBytes = 8 * 1024 * 1024;
/** The server removes the consumer after this; a reader that is away longer makes a new one. */
const inactiveMs = 60_000;

export interface OrderedPullOptions {
  readonly startSequence: number;
  readonly filter: Pick<Partial<ConsumerConfig>, 'filter_subject' | 'filter_subjects'>;
  /** See PullSessionOptions; absent: every commit at once. */
  readonly pauseMs?: number;
  readonly onCommit: (commit: StoredCommit) => void;
  /** The consumer is gone or something was missed: start again after the last commit. */
  readonly onBroken: (why: string) => void;
}

export class OrderedPull {
  #session: PullSession | null = null;
  #expected = 1;
  #paused = false;

  constructor(
    private readonly link: Link, private readonly jsm: JetStreamManager,
    private readonly options: OrderedPullOptions,
  ) {}

  async start(): Promise<void> {
    const name = `follow-${nuid.next()}`;
    await this.jsm.consumers.add(streamName, {
      name,
      ack_policy: 'none',
      deliver_policy: 'by_start_sequence',
      opt_start_seq: this.options.startSequence,
      inactive_threshold: nanos(inactiveMs),
      mem_storage: true,
      num_replicas: 1,
      ...this.options.filter,
    });
    this.#session = new PullSession(this.link, {
      consumer: name,
      pullsOpen: this.options.pauseMs === undefined ? pullsOpen : 1,
      ...(this.options.pauseMs === undefined ? {} : { pauseMs: this.options.pauseMs }),
      messages: pullMessages,
      bytes: pullBytes,
      mayPull: () => !this.#paused,
      onMessage: (message) => this.#receive(message),
      onBroken: this.options.onBroken,
    });
  }

  stop(): void {
    this.#session?.stop();
  }

  /** The reader is behind: what was pulled still comes, nothing new is asked for. */
  set paused(paused: boolean) {
    if (this.#paused === paused) return;
    this.#paused = paused;
    if (!paused) this.#session?.pullMore();
  }

  #receive(message: Msg): void {
    const { commit, info } = deliveredCommit(message);
    if (info.consumerSequence !== this.#expected) {
      this.#session?.fail(`expected delivery ${this.#expected}, got ${info.consumerSequence}`);
      return;
    }
    this.#expected += 1;
    this.options.onCommit(commit);
  }
}
