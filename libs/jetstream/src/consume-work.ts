// Work from the shared durable consumer: hands out commits while there is room, acknowledges after
// success, gives back after failure, parks what cannot be read. Never blocks on one commit.
import { type JetStreamManager } from '@nats-io/jetstream';
import { type Msg, nanos } from '@nats-io/transport-node';
import { streamName } from '@libs/events/subjects';
import { isFault } from '@libs/faults/faults';
import { type Commit } from '@libs/log/log';
import { type Delivery, type DeliveryHandler, type WorkQueueOptions } from '@libs/log/work-queue';
import { deliveredCommit } from './delivered-commit';
import { type Link } from './link';
import { PullSession } from './pull-session';
import { readState } from './read-log';
import { ensureWorkersConsumer, workersConsumer } from './topology';

/** Two single pulls: one commit being worked on or waited for, one prefetched. */
const pullsOpen = 2;
/** A commit that is held until there is room tells the server so, well inside its ack wait. */
const heldProgressMs = 3000;
/** At a stop: for the server to hear of it, and for what it sent before to arrive. */
const drainWaitMs = 1000;
/** How often room is asked for while there is none; `wake` is quicker. */
const roomPollMs = 25;
/** Growing delays of a commit whose handling failed: 1, 2, 4 … 30 s. */
const nakDelayMs = { first: 1000, most: 30_000 } as const;

export interface WorkParts {
  readonly link: Link;
  readonly jsm: JetStreamManager;
  readonly report: (problem: string, error?: unknown) => void;
}

export interface ConsumeOptions extends WorkQueueOptions {
  /**
   * A commit this build cannot handle however often it is tried. It is acknowledged when this
   * resolves, and comes back when it rejects.
   */
  readonly onPoison: (commit: Commit, error: unknown) => void | Promise<void>;
}

export interface WorkConsumer {
  /** Commits handed out and not yet acknowledged or given back. */
  readonly running: number;
  /** There may be room again. */
  wake(): void;
  /** Takes no more, waits for what runs at most this long, leaves the rest to others. */
  stop(drainMs: number): Promise<void>;
}

/** Starts at once, also while the log is not reachable. */
export function consumeWork(
  parts: WorkParts, options: ConsumeOptions, handler: DeliveryHandler,
): WorkConsumer {
  const consumer = new Consumer(parts, options, handler);
  consumer.start();
  return consumer;
}

class Consumer implements WorkConsumer {
  #session: PullSession | null = null;
  #lastSequenceAtConnect = 0;
  #connecting = false;
  #again = false;
  #stopped = false;
  /** When this process was last at work here. */
  #awakeAtMs = performance.now();
  /** It was paused, and the commits of before have not been told from new ones yet. */
  #wasPaused = false;
  #held: Msg[] = [];
  readonly #running = new Set<Promise<void>>();
  /** Another worker has these and will ack them. */
  readonly #left = new WeakSet<Delivery>();
  readonly #timers: NodeJS.Timeout[] = [];
  #unlisten = (): void => undefined;

  constructor(
    private readonly parts: WorkParts, private readonly options: ConsumeOptions,
    private readonly handler: DeliveryHandler,
  ) {}

  get running(): number {
    return this.#running.size;
  }

  start(): void {
    this.#unlisten = this.parts.link.listen(({ kind }) => {
      // What was prefetched over the old connection is delivered again; running it now, too, would
      // be running it twice.
      if (kind === 'disconnected') this.#held = [];
      if (kind === 'reconnected') void this.#connect();
    });
    this.#timers.push(
      setInterval(() => this.wake(), roomPollMs).unref(),
      setInterval(() => {
        for (const message of this.#held) this.#answer(message, '+WPI');
      }, heldProgressMs).unref(),
    );
    void this.#connect();
  }

  wake(): void {
    this.#noticePause();
    while (this.#held.length > 0 && !this.#stopped && this.options.hasRoom()) {
      this.#take(this.#held.shift() as Msg);
    }
    this.#session?.pullMore();
  }

  async stop(drainMs: number): Promise<void> {
    this.#stopped = true;
    this.#unlisten();
    for (const timer of this.#timers) clearInterval(timer);
    for (const message of this.#held.splice(0)) this.#answer(message, '-NAK');
    await this.#giveBackWhatComes();
    let timer: NodeJS.Timeout | undefined;
    const time = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, drainMs);
    });
    while (this.#running.size > 0) {
      const left = await Promise.race([Promise.all(this.#running), time.then(() => 'over' as const)]);
      if (left === 'over') break;
    }
    clearTimeout(timer);
    if (this.parts.link.connected) await this.parts.link.nc.flush();
  }

  /** A commit that was sent before the server heard of our end would wait for its whole ack wait. */
  async #giveBackWhatComes(): Promise<void> {
    const drained = this.#session?.drain().catch((error: unknown) => {
      this.parts.report('what was on its way comes back after its ack wait', error);
    });
    await Promise.race([drained, new Promise((resolve) => setTimeout(resolve, drainWaitMs).unref())]);
  }

  /**
   * Stopped or starved for longer than the ack wait: what lies in our socket since, with delivery
   * count 1, has been handed to others by now. A connect draws the line again.
   */
  #noticePause(): void {
    const nowMs = performance.now();
    const awayMs = nowMs - this.#awakeAtMs;
    this.#awakeAtMs = nowMs;
    if (awayMs < this.options.ackWaitMs || this.#stopped) return;
    this.#wasPaused = true;
    this.parts.report(`work is taken up again after a pause of ${Math.round(awayMs)} ms`);
    void this.#connect();
  }

  async #connect(): Promise<void> {
    this.#again = this.#connecting;
    if (this.#connecting) return;
    this.#connecting = true;
    do {
      this.#again = false;
      this.#session?.stop();
      this.#session = null;
      await this.parts.link.whenUp(1000);
      if (this.parts.link.connected) await this.#tryConnect();
      else this.#again = !this.parts.link.closed;
    } while (this.#again && !this.#stopped);
    this.#connecting = false;
  }

  async #tryConnect(): Promise<void> {
    try {
      // Before the first pull: whatever stands in the log now may have been handed out already.
      const { lastSequence } = await readState(this.parts.jsm);
      await this.#checkConsumer(lastSequence);
      this.#lastSequenceAtConnect = lastSequence;
      this.#wasPaused = false;
      if (this.#stopped) return;
      this.#session = new PullSession(this.parts.link, {
        consumer: this.options.durable,
        pullsOpen,
        messages: 1,
        mayPull: () => this.#held.length === 0 && this.options.hasRoom(),
        onMessage: (message) => {
          if (this.#stopped) { this.#answer(message, '-NAK'); return; }
          this.#held.push(message);
          this.wake();
        },
        onBroken: (why) => {
          this.parts.report(`work is taken up again: ${why}`);
          void this.#connect();
        },
      });
    } catch (error) {
      this.parts.report('work cannot be taken up', error);
      await new Promise((resolve) => setTimeout(resolve, 500));
      this.#again = true;
    }
  }

  /** A log restored from its archive may end before what the consumer believes to have acked. */
  async #checkConsumer(lastSequence: number): Promise<void> {
    const { jsm } = this.parts;
    const info = await jsm.consumers.info(streamName, this.options.durable).catch(() => null);
    const beyond = info !== null
      && Math.max(info.ack_floor.stream_seq, info.delivered.stream_seq) > lastSequence;
    if (info !== null && !beyond) return;
    if (beyond) {
      this.parts.report('the consumer is ahead of the log and is made anew');
      await jsm.consumers.delete(streamName, this.options.durable);
    }
    await ensureWorkersConsumer(jsm, {
      durable_name: this.options.durable,
      ack_wait: nanos(this.options.ackWaitMs),
      ...(this.options.durable === workersConsumer
        ? {} : { filter_subject: this.options.subjects[0] }),
    });
  }

  #take(message: Msg): void {
    const { commit, info } = deliveredCommit(message);
    const delivery: Delivery = {
      commit,
      deliveryCount: info.deliveryCount,
      mayHaveRunBefore: info.deliveryCount > 1 || this.#wasPaused
        || commit.sequence <= this.#lastSequenceAtConnect,
      working: () => this.#answer(message, '+WPI'),
      leave: () => void this.#left.add(delivery),
    };
    const run = this.#run(message, delivery).finally(() => {
      this.#running.delete(run);
      this.wake();
    });
    this.#running.add(run);
  }

  async #run(message: Msg, delivery: Delivery): Promise<void> {
    try {
      await this.handler(delivery);
      if (this.#left.has(delivery)) return;
    } catch (error) {
      if (!isFault(error) || error.rule.delivery === 'nak') {
        this.#giveBack(message, delivery, error); return;
      }
      try {
        await this.options.onPoison(delivery.commit, error);
      } catch (parkingError) {
        this.#giveBack(message, delivery, parkingError); return;
      }
      this.parts.report(`commit ${delivery.commit.sequence} was parked`, error);
    }
    this.#answer(message, '+ACK');
  }

  #giveBack(message: Msg, { commit, deliveryCount }: Delivery, error: unknown): void {
    this.parts.report(`commit ${commit.sequence} failed and comes back`, error);
    const delayMs = Math.min(nakDelayMs.first * 2 ** (deliveryCount - 1), nakDelayMs.most);
    this.#answer(message, `-NAK ${JSON.stringify({ delay: nanos(delayMs) })}`);
  }

  #answer(message: Msg, text: string): void {
    if (!this.parts.link.closed) message.respond(text);
  }
}
