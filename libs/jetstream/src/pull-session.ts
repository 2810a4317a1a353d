// Keeps pulls open at a consumer and hands on what they bring: enough of them to be fast, few enough
// to bound memory. Says so when the consumer is gone or the server fell silent. nats.js' own consume
// is not used: its callback form has no back-pressure, its iterator form costs a promise each.
import { createInbox, type Msg, nanos, type Subscription } from '@nats-io/transport-node';
import { streamName } from '@libs/events/subjects';
import { type Link } from './link';

const pullExpiresMs = 30_000;
const heartbeatMs = 5000;
/** Two heartbeats missed, and some time for a busy process. */
const silenceMs = 12_500;

export interface PullSessionOptions {
  readonly consumer: string;
  /** Pulls kept open at the server. */
  readonly pullsOpen: number;
  /** Of one pull. */
  readonly messages: number;
  readonly bytes?: number;
  /**
   * For readers in no hurry: take what is there, then leave the server alone this long. Every
   * message that is sent at once wakes both ends; a pull that waits costs nothing.
   */
  readonly pauseMs?: number;
  /** Asked before each pull; `pullMore` when the answer may have changed. */
  readonly mayPull: () => boolean;
  readonly onMessage: (message: Msg) => void;
  /** The session has stopped; start another. */
  readonly onBroken: (why: string) => void;
}

export class PullSession {
  readonly #inbox = createInbox();
  readonly #subscription: Subscription;
  readonly #timer: NodeJS.Timeout;
  readonly #pull: string;
  /** Messages that each open pull may still bring, oldest first. */
  readonly #pulls: number[] = [];
  #heardAt = performance.now();
  #pause: NodeJS.Timeout | null = null;
  #stopped = false;

  constructor(private readonly link: Link, private readonly options: PullSessionOptions) {
    this.#pull = JSON.stringify({
      batch: options.messages,
      ...(options.bytes === undefined ? {} : { max_bytes: options.bytes }),
      ...(options.pauseMs === undefined
        ? { expires: nanos(pullExpiresMs), idle_heartbeat: nanos(heartbeatMs) }
        : { no_wait: true }),
    });
    this.#subscription = link.nc.subscribe(this.#inbox, {
      callback: (error, message) => {
        if (error === null) this.#receive(message);
        else this.fail(`the subscription failed: ${error.message}`);
      },
    });
    this.#timer = setInterval(() => this.#checkSilence(), heartbeatMs).unref();
    this.pullMore();
  }

  /** Messages that may still arrive without another pull. */
  get expected(): number {
    return this.#pulls.reduce((sum, left) => sum + left, 0);
  }

  pullMore(): void {
    if (this.#pause !== null) return;
    while (!this.#stopped && this.#pulls.length < this.options.pullsOpen && this.options.mayPull()) {
      this.#pulls.push(this.options.messages);
      const subject = `$JS.API.CONSUMER.MSG.NEXT.${streamName}.${this.options.consumer}`;
      this.link.nc.publish(subject, this.#pull, { reply: this.#inbox });
    }
  }

  stop(): void {
    if (this.#stopped) return;
    this.#end();
    this.#subscription.unsubscribe();
  }

  /** Stops, and hands on what is on its way already; resolves when nothing more can come. */
  async drain(): Promise<void> {
    if (this.#stopped) return;
    this.#end();
    await this.#subscription.drain();
  }

  #end(): void {
    this.#stopped = true;
    clearInterval(this.#timer);
    if (this.#pause !== null) clearTimeout(this.#pause);
  }

  /** Stops and tells the owner why. */
  fail(why: string): void {
    if (this.#stopped) return;
    this.stop();
    this.options.onBroken(why);
  }

  #receive(message: Msg): void {
    this.#heardAt = performance.now();
    if (message.subject === this.#inbox) { this.#status(message); return; }
    const left = (this.#pulls[0] ?? 1) - 1;
    if (left > 0) this.#pulls[0] = left;
    else this.#pulls.shift();
    this.options.onMessage(message);
    this.pullMore();
  }

  #status(message: Msg): void {
    const code = message.headers?.code ?? 0;
    if (code === 100) return;
    const text = message.headers?.description ?? '';
    const ended = code === 404 || code === 408 || /MaxBytes|Batch Completed/i.test(text);
    if (!ended) { this.fail(`the server said ${code} ${text}`); return; }
    const left = Number(message.headers?.get('Nats-Pending-Messages') ?? '');
    // A pull that brought all it should has been taken off already.
    if (/Batch Completed/i.test(text) && left === 0) return;
    this.#pulls.splice(Math.max(this.#pulls.indexOf(left), 0), 1);
    const isEmpty = code === 404 || code === 408;
    if (isEmpty && this.options.pauseMs !== undefined) this.#rest(this.options.pauseMs);
    this.pullMore();
  }

  /** Nothing is there now. */
  #rest(pauseMs: number): void {
    this.#pause ??= setTimeout(() => {
      this.#pause = null;
      this.pullMore();
    }, pauseMs);
  }

  #checkSilence(): void {
    if (!this.link.connected || this.#pulls.length === 0) return;
    if (performance.now() - this.#heardAt > silenceMs) this.fail('the server fell silent');
  }
}
