// The connection as the rest of this library sees it: whether it is up, when it comes back, and
// how many times it has been lost. nats.js reconnects by itself, for ever.
import { type NatsConnection } from '@nats-io/transport-node';

/** What the owner of the process is told about. */
export type LinkEvent =
  | { readonly kind: 'disconnected' }
  | { readonly kind: 'reconnected' }
  | { readonly kind: 'error'; readonly message: string };

export class Link {
  #connected = true;
  #lostAt = 0;
  #closed = false;
  readonly #listeners = new Set<(event: LinkEvent) => void>();

  constructor(readonly nc: NatsConnection) {
    void this.#watch();
    void nc.closed().then(() => {
      this.#closed = true;
      this.#tell({ kind: 'disconnected' });
    });
  }

  get connected(): boolean {
    return this.#connected && !this.#closed;
  }

  /** How long it has been away; 0 while it is there. */
  get downForMs(): number {
    return this.connected ? 0 : performance.now() - this.#lostAt;
  }

  get closed(): boolean {
    return this.#closed;
  }

  /** Stop listening by calling what is returned. */
  listen(listener: (event: LinkEvent) => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  /** Resolves when connected or closed, at the latest after `timeoutMs`. */
  async whenUp(timeoutMs: number): Promise<void> {
    if (this.connected || this.#closed) return;
    await new Promise<void>((resolve) => {
      const done = (): void => {
        clearTimeout(timer);
        stop();
        resolve();
      };
      const timer = setTimeout(done, timeoutMs);
      const stop = this.listen((event) => {
        if (event.kind !== 'error') done();
      });
    });
  }

  async #watch(): Promise<void> {
    for await (const status of this.nc.status()) {
      if (status.type === 'disconnect') {
        if (this.#connected) this.#lostAt = performance.now();
        this.#connected = false;
        this.#tell({ kind: 'disconnected' });
      } else if (status.type === 'reconnect') {
        this.#connected = true;
        this.#tell({ kind: 'reconnected' });
      } else if (status.type === 'error') {
        this.#tell({ kind: 'error', message: status.error.message });
      }
    }
  }

  #tell(event: LinkEvent): void {
    for (const listener of [...this.#listeners]) listener(event);
  }
}
