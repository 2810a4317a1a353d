// Signals over core NATS.
import { type NatsConnection, type Subscription } from '@nats-io/transport-node';
import { Fault } from '@libs/faults/faults';
import { type SignalHandler, Signals, type SignalSubscription } from '@libs/signals/signals';
import { type Link } from './link';

export class CoreSignals extends Signals {
  readonly #nc: NatsConnection;

  constructor(private readonly link: Link, private readonly onError: (error: unknown) => void) {
    super();
    this.#nc = link.nc;
  }

  publish(subject: string, text: string): void {
    // nats.js would keep it and send it after the reconnect, when it is no longer true.
    if (!this.link.connected) return;
    this.#nc.publish(subject, text);
  }

  async request(subject: string, text: string, timeoutMs: number): Promise<string> {
    if (!this.link.connected) throw new Fault('signal_timeout', `${subject}: not connected`);
    try {
      return (await this.#nc.request(subject, text, { timeout: timeoutMs })).string();
    } catch (error) {
      const what = `nobody answered on ${subject} in ${timeoutMs} ms: ${String(error)}`;
      throw new Fault('signal_timeout', what, { cause: error });
    }
  }

  subscribe(subject: string, handler: SignalHandler, queue?: string): SignalSubscription {
    const subscription: Subscription = this.#nc.subscribe(subject, {
      ...(queue === undefined ? {} : { queue }),
      callback: (error, message) => {
        if (error !== null) { this.onError(error); return; }
        const respond = message.reply === undefined || message.reply === ''
          ? null
          : (text: string): void => void message.respond(text);
        try {
          handler(message.string(), message.subject, respond);
        } catch (thrown) {
          this.onError(thrown);
        }
      },
    });
    return { stop: () => subscription.unsubscribe() };
  }

  onReconnect(handler: () => void): void {
    this.link.listen(({ kind }) => {
      if (kind === 'reconnected') handler();
    });
  }

  get connected(): boolean {
    return this.link.connected;
  }
}
