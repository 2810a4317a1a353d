// Core NATS in memory, for tests: several participants on one bus, delivery on a later microtask.
import { Fault } from '@libs/faults/faults';
import { subjectMatches } from '@libs/log/subject-match';
import { type SignalHandler, Signals, type SignalSubscription } from './signals';

interface Subscriber {
  readonly pattern: string;
  readonly handler: SignalHandler;
  readonly queue: string | null;
}

/** What connects several `InMemorySignals`, as the server does. */
export class InMemorySignalBus {
  readonly #subscribers = new Set<Subscriber>();
  #turn = 0;

  subscribe(subscriber: Subscriber): SignalSubscription {
    this.#subscribers.add(subscriber);
    return { stop: () => void this.#subscribers.delete(subscriber) };
  }

  /** Everybody who listens, and one member of each queue, in turn. */
  receivers(subject: string): Subscriber[] {
    const matching = [...this.#subscribers].filter(({ pattern }) => subjectMatches(pattern, subject));
    const queues = new Map<string, Subscriber[]>();
    const alone: Subscriber[] = [];
    for (const subscriber of matching) {
      if (subscriber.queue === null) alone.push(subscriber);
      else queues.set(subscriber.queue, [...(queues.get(subscriber.queue) ?? []), subscriber]);
    }
    this.#turn += 1;
    const chosen = [...queues.values()].flatMap((members) => members[this.#turn % members.length] ?? []);
    return [...alone, ...chosen];
  }
}

export class InMemorySignals extends Signals {
  /** Everything this participant sent, oldest first. */
  readonly sent: { readonly subject: string; readonly text: string }[] = [];
  readonly #reconnectHandlers: (() => void)[] = [];
  #connected = true;

  constructor(private readonly bus = new InMemorySignalBus()) {
    super();
  }

  publish(subject: string, text: string): void {
    this.sent.push({ subject, text });
    if (this.#connected) this.#deliver(subject, text, null);
  }

  async request(subject: string, text: string, timeoutMs: number): Promise<string> {
    this.sent.push({ subject, text });
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        reject(new Fault('signal_timeout', `nobody answered on ${subject} in ${timeoutMs} ms`));
      }, timeoutMs);
      if (!this.#connected) return;
      this.#deliver(subject, text, (answer) => {
        clearTimeout(timer);
        resolve(answer);
      });
    });
  }

  subscribe(subject: string, handler: SignalHandler, queue?: string): SignalSubscription {
    return this.bus.subscribe({
      pattern: subject,
      queue: queue ?? null,
      handler: (text, given, respond) => {
        if (this.#connected) handler(text, given, respond);
      },
    });
  }

  onReconnect(handler: () => void): void {
    this.#reconnectHandlers.push(handler);
  }

  get connected(): boolean {
    return this.#connected;
  }

  /** For tests: while disconnected nothing is sent or received. */
  disconnect(): void {
    this.#connected = false;
  }

  reconnect(): void {
    this.#connected = true;
    for (const handler of this.#reconnectHandlers) handler();
  }

  #deliver(subject: string, text: string, respond: ((text: string) => void) | null): void {
    for (const receiver of this.bus.receivers(subject)) {
      queueMicrotask(() => receiver.handler(text, subject, respond));
    }
  }
}
