// Erasures: asked for as an event, then the keys destroyed, then the fact. An erasure that is asked for
// and not done is carried out by every ingress that finds it, as often as it takes: each step can be
// repeated, and what was made after it was asked for stays.
import { erasedEntry, erasedMark, isErasedEntry, nameOfKey, parseRecord } from '@libs/content-keys/key-record';
import { type SubjectKeys } from '@libs/content-keys/subject-keys';
import { type Catalogue } from '@libs/events/catalogue';
import { type AnyEvent, type EventDraft, timeMs } from '@libs/events/envelope';
import { type Logger } from '@libs/telemetry/logger';
import { newErasureId } from '@libs/telemetry/ids';
import { type GovernanceFold } from './governance-fold';
import { isRefusal } from './refusal';

/** Longer than an erasure takes: whoever began it is gone, or cannot go on. */
const abandonedMs = 5_000;
const sweepMs = 2_000;

export interface ErasureOrder {
  readonly tenant: string;
  /** Name of the data subject. */
  readonly name: string;
  readonly jobs: number | null;
  readonly reason: string;
  readonly actor: string;
}

interface OpenErasure {
  readonly tenant: string;
  readonly data: Catalogue['ErasureRequested'];
  readonly atMs: number;
}

export interface ErasuresParts {
  readonly governance: () => GovernanceFold;
  readonly subjectKeys: SubjectKeys;
  readonly logger: Logger;
  readonly now: () => number;
}

export class Erasures {
  readonly #open = new Map<string, OpenErasure>();
  #timer: NodeJS.Timeout | null = null;
  #sweeping: Promise<void> = Promise.resolve();

  constructor(private readonly parts: ErasuresParts) {}

  /** What the fold of governance has seen. */
  take(events: readonly AnyEvent[]): void {
    for (const event of events) {
      if (event.type === 'ErasureRequested') {
        const { tenant, data } = event;
        this.#open.set(event.subject, { tenant, data, atMs: timeMs(event) });
      } else if (event.type === 'SubjectErased') {
        this.#open.delete(event.subject);
      }
    }
    this.parts.subjectKeys.keys.forgetErased(events);
  }

  start(): void {
    this.#timer = setInterval(() => {
      this.#sweeping = this.#sweeping.then(() => this.#sweep());
    }, sweepMs);
    this.#timer.unref();
  }

  async stop(): Promise<void> {
    if (this.#timer !== null) clearInterval(this.#timer);
    await this.#sweeping;
  }

  /** The keys that an erasure of this subject would destroy now. @throws Fault log_unavailable */
  async keysOf(name: string): Promise<string[]> {
    const { store } = this.parts.subjectKeys;
    const keys: string[] = [];
    for (const entry of await store.namesUnder(name)) {
      const text = isErasedEntry(entry) ? null : await store.get(entry);
      if (text !== null) keys.push(parseRecord(text).id);
    }
    return keys;
  }

  /** What is yet to be carried out under this id. */
  open(erasure: string): Catalogue['ErasureRequested'] | null {
    return this.#open.get(erasure)?.data ?? null;
  }

  /** Its id: from now on it will be carried out, whatever happens to this process. */
  async request({ tenant, name, jobs, reason, actor }: ErasureOrder): Promise<string> {
    const erasure = newErasureId();
    const keys = await this.keysOf(name);
    const data = { data_subject: name, keys, jobs, reason, actor };
    await this.parts.governance().change(() => [
      { type: 'ErasureRequested', subject: erasure, tenant, data },
    ]);
    return erasure;
  }

  /** Destroys the keys and says so. @throws Fault log_unavailable, log_conflict */
  async carryOut(erasure: string): Promise<void> {
    const open = this.#open.get(erasure);
    if (open === undefined) return;
    const { store } = this.parts.subjectKeys;
    for (const keyId of open.data.keys) {
      const mark = erasedMark(erasure, this.parts.now());
      await store.create(erasedEntry(keyId), mark);
      await store.destroy(nameOfKey(keyId), (value) => parseRecord(value).id === keyId);
    }
    const changed = await this.parts.governance().change(() => this.#done(erasure));
    if (isRefusal(changed)) throw new Error(changed.message);
  }

  /** Nothing when another one was faster. */
  #done(erasure: string): readonly EventDraft[] {
    const open = this.#open.get(erasure);
    if (open === undefined) return [];
    const { tenant, data, atMs } = open;
    return [{
      type: 'SubjectErased', subject: erasure, tenant, data: { ...data, requested_at_ms: atMs },
    }];
  }

  async #sweep(): Promise<void> {
    const before = this.parts.now() - abandonedMs;
    for (const [erasure, { atMs }] of this.#open) {
      if (atMs > before) continue;
      try {
        await this.carryOut(erasure);
        this.parts.logger.info({ erasure }, 'an erasure that was left open is done');
      } catch (error) {
        this.parts.logger.warn({ err: error, erasure }, 'an erasure is not done yet, will try again');
      }
    }
  }
}
