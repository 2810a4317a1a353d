// The data keys of content: made at the first use of their name, kept in a bounded cache, and forgotten
// when the log tells of an erasure. Known keys cost no round trip.
import { randomBytes } from 'node:crypto';
import { type ContentRef } from '@libs/events/content';
import { type AnyEvent } from '@libs/events/envelope';
import { Fault } from '@libs/faults/faults';
import { DataKey, dataKeyBytes } from './data-key';
import { erasedEntry, isKeyName, nameOfKey, parseRecord } from './key-record';
import { type KeyStore } from './key-store';
import { type MasterKey } from './master-key';
import { type KeyTime, timeOfKey } from './timed-name';

export interface ContentKeysParts {
  readonly store: KeyStore;
  readonly master: MasterKey;
  readonly now: () => number;
  /** 20,000: about 10 MB, and more data subjects than are active within some minutes. */
  readonly keysMax?: number;
  /**
   * How long a key is kept without another look. Erasures are told by the log, which loses nothing, so
   * this is a second line only: ten minutes. With half a minute, and 200 subjects at 500 requests/s,
   * every fifth request led to a look, and all of them together took a fifth of the throughput.
   */
  readonly keptMs?: number;
}

interface Cached {
  readonly key: DataKey;
  /** Infinity: its name has no time. */
  readonly untilMs: number;
  readonly readAtMs: number;
}

export class ContentKeys {
  readonly #cache = new Map<string, Cached>();
  /** Reads under way; one that was forgotten meanwhile is not kept. */
  readonly #reading = new Map<string, Promise<DataKey | null>>();
  readonly #keysMax: number;
  readonly #keptMs: number;

  constructor(private readonly parts: ContentKeysParts) {
    this.#keysMax = parts.keysMax ?? 20_000;
    this.#keptMs = parts.keptMs ?? 600_000;
  }

  get size(): number {
    return this.#cache.size;
  }

  /** The key under this name, made if there is none. @throws Fault log_unavailable */
  async keyOf(name: string): Promise<DataKey> {
    const known = this.#known(name);
    if (known !== null) return known;
    return await this.#read(name) ?? this.#make(name);
  }

  /** The same for one that is at hand: null when it has to be asked for. */
  keyAtHand(name: string): DataKey | null {
    return this.#known(name);
  }

  /**
   * The key that content is sealed by; null: it is not sealed.
   * @throws Fault content_erased, content_not_kept, content_key_missing, log_unavailable
   */
  async keyOfContent({ key_id: id }: Pick<ContentRef, 'key_id'>): Promise<DataKey | null> {
    if (id === undefined) return null;
    const name = nameOfKey(id);
    const time = timeOfKey(id);
    if (time !== null && time.untilMs <= this.parts.now()) {
      // Whether it is destroyed already or not.
      this.forget(name);
      throw await this.#whyMissing(id, time);
    }
    const known = this.#known(name);
    if (known?.id === id) return known;
    // Another one may have been made since this one was read.
    const key = await this.#read(name);
    if (key?.id === id) return key;
    throw await this.#whyMissing(id, null);
  }

  /** An erasure: whoever asks next asks the store. */
  forget(name: string): void {
    this.#cache.delete(name);
    this.#reading.delete(name);
  }

  /** Keys whose time is over go from memory, too. Call now and then. */
  forgetPast(): void {
    const nowMs = this.parts.now();
    for (const [name, { untilMs }] of this.#cache) if (untilMs <= nowMs) this.forget(name);
  }

  /**
   * What erasures in the log name: when one is asked for, and again when its keys are destroyed, for
   * what was read in between.
   */
  forgetErased(events: readonly AnyEvent[]): void {
    for (const id of erasedKeys(events)) this.forget(nameOfKey(id));
  }

  #known(name: string): DataKey | null {
    const cached = this.#cache.get(name);
    if (cached === undefined) return null;
    const ageMs = this.parts.now() - cached.readAtMs;
    if (ageMs >= this.#keptMs) {
      this.#cache.delete(name);
      return null;
    }
    // Looked at again in the background, so that no request of a busy subject waits.
    if (ageMs >= this.#keptMs / 2 && !this.#reading.has(name)) {
      this.#read(name).catch(() => {
        // A store that is away: the key stays until its time is over, then the question is asked aloud.
      });
    }
    return cached.key;
  }

  /** From the store; null: there is none. One question for all who ask at the same time. */
  #read(name: string): Promise<DataKey | null> {
    const underWay = this.#reading.get(name);
    if (underWay !== undefined) return underWay;
    const reading: Promise<DataKey | null> = this.#readStored(name).then((key) => {
      if (this.#reading.get(name) === reading) this.#keep(name, key);
      return key;
    }).finally(() => {
      if (this.#reading.get(name) === reading) this.#reading.delete(name);
    });
    this.#reading.set(name, reading);
    return reading;
  }

  async #readStored(name: string): Promise<DataKey | null> {
    const before = this.#cache.get(name)?.key;
    const text = await this.parts.store.get(name);
    if (text === null) return null;
    const { id, wrapped } = parseRecord(text);
    return before?.id === id ? before : new DataKey(id, this.parts.master.unwrap(wrapped, id));
  }

  async #make(name: string): Promise<DataKey> {
    if (!isKeyName(name)) throw new Error(`"${name}" is no name of a key`);
    const { store, master, now } = this.parts;
    const id = `${name}.${randomBytes(6).toString('hex')}`;
    const material = randomBytes(dataKeyBytes);
    const wrapped = master.wrap(material, id);
    const record = { id, master: master.id, wrapped, created_at_ms: now() };
    if (!await store.create(name, JSON.stringify(record))) {
      // Another process was first: its key counts.
      const made = await this.#read(name);
      if (made === null) throw new Fault('log_unavailable', `the key ${name} was erased just now`);
      return made;
    }
    const key = new DataKey(id, material);
    this.#keep(name, key);
    return key;
  }

  #keep(name: string, key: DataKey | null): void {
    this.#cache.delete(name);
    if (key === null) return;
    if (this.#cache.size >= this.#keysMax) {
      // The one read longest ago.
      const [oldest] = this.#cache.keys();
      if (oldest !== undefined) this.#cache.delete(oldest);
    }
    const untilMs = timeOfKey(name)?.untilMs ?? Infinity;
    this.#cache.set(name, { key, untilMs, readAtMs: this.parts.now() });
  }

  /** `past`: its time, where that is over. */
  async #whyMissing(id: string, past: KeyTime | null): Promise<Fault> {
    const mark = await this.parts.store.get(erasedEntry(id));
    if (mark !== null) return new Fault('content_erased', `the key ${id} was destroyed by an erasure`);
    return past === null
      ? new Fault('content_key_missing', `the key ${id} is not there, and no erasure says why`)
      : new Fault('content_not_kept', notKept(past));
  }
}

function notKept({ kind, untilMs }: KeyTime): string {
  const policy = kind === 'kept' ? 'content.keep_days' : `content.policy: ${kind}`;
  return `The content of this job is not kept (${policy}); it could be read until `
    + `${new Date(untilMs).toISOString()}.`;
}

/** Ids of the keys that these events destroy. */
export function erasedKeys(events: readonly AnyEvent[]): string[] {
  return events.flatMap((event) => (
    event.type === 'ErasureRequested' || event.type === 'SubjectErased' ? event.data.keys : []
  ));
}
