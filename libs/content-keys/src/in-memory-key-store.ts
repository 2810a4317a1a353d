// Keys in memory, for specs: the same rules as the real store, and a handle to make it fail.
import { type Fault } from '@libs/faults/faults';
import { KeyStore, type StoredKey } from './key-store';
import { timeOfKey } from './timed-name';

export class InMemoryKeyStore extends KeyStore {
  readonly #values = new Map<string, string>();
  /** What every question throws while set. */
  failing: Fault | null = null;
  /** Questions so far: what a cache is there to save. */
  reads = 0;

  async get(name: string): Promise<string | null> {
    await this.#turn();
    this.reads += 1;
    return this.#values.get(name) ?? null;
  }

  async create(name: string, value: string): Promise<boolean> {
    await this.#turn();
    if (this.#values.has(name)) return false;
    this.#values.set(name, value);
    return true;
  }

  async replace(name: string, value: string): Promise<void> {
    await this.#turn();
    this.#values.set(name, value);
  }

  async destroy(name: string, isMeant: (value: string) => boolean): Promise<void> {
    await this.#turn();
    const value = this.#values.get(name);
    if (value !== undefined && isMeant(value)) this.#values.delete(name);
  }

  async namesUnder(name: string): Promise<string[]> {
    await this.#turn();
    return [...this.#values.keys()].filter((one) => one === name || one.startsWith(`${name}.`));
  }

  async timedNames(): Promise<string[]> {
    await this.#turn();
    return [...this.#values.keys()].filter((name) => timeOfKey(name) !== null);
  }

  async *entries(): AsyncGenerator<StoredKey> {
    for (const [name, value] of this.#values) {
      await this.#turn();
      yield { name, value };
    }
  }

  /** A real one answers later, too. */
  async #turn(): Promise<void> {
    await Promise.resolve();
    if (this.failing !== null) throw this.failing;
  }
}
