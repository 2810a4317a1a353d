// The name of a data subject in the log: a keyed hash. Its key is random and kept in the store of keys,
// wrapped like the others, so that a new master key changes no name.
import { createHmac, randomBytes } from 'node:crypto';
import { parseRecord } from './key-record';
import { type KeyStore } from './key-store';
import { type MasterKey } from './master-key';

const namingEntry = 'naming';
/** A hash by a key takes a few microseconds of each request; 10,000 names are about 2 MB. */
const knownMax = 10_000;

export class SubjectNames {
  readonly #known = new Map<string, string>();

  private constructor(private readonly key: Buffer) {}

  /** With the key that is there, or a new one. @throws Fault log_unavailable, content_key_missing */
  static async open(store: KeyStore, master: MasterKey, nowMs: number): Promise<SubjectNames> {
    const present = await store.get(namingEntry);
    if (present !== null) return SubjectNames.#from(present, master);
    const wrapped = master.wrap(randomBytes(32), namingEntry);
    const record = { id: namingEntry, master: master.id, wrapped, created_at_ms: nowMs };
    const text = JSON.stringify(record);
    if (await store.create(namingEntry, text)) return SubjectNames.#from(text, master);
    return SubjectNames.open(store, master, nowMs);
  }

  static #from(text: string, master: MasterKey): SubjectNames {
    return new SubjectNames(master.unwrap(parseRecord(text).wrapped, namingEntry));
  }

  /** `subject` null: who asks names nobody, and the customer itself is the data subject. */
  nameOf(tenant: string, subject: string | null): string {
    const id = subject === null ? tenant : `${tenant}\n${subject}`;
    let name = this.#known.get(id);
    if (name === undefined) {
      name = this.#hash(subject === null ? [tenant] : [tenant, subject]);
      if (this.#known.size >= knownMax) this.#known.clear();
      this.#known.set(id, name);
    }
    return name;
  }

  /** 128 bits: nobody finds two subjects of one name. */
  #hash(parts: readonly string[]): string {
    return createHmac('sha256', this.key).update(JSON.stringify(parts)).digest('hex').slice(0, 32);
  }
}

export function isNamingEntry(entry: string): boolean {
  return entry === namingEntry;
}
