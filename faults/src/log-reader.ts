// Reads the log again and again, each time only what is new.
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { type LogEvidence, readLog } from './evidence/log-evidence';
import { sealingKeyOf, type SealingKeys } from './evidence/sealed';
import { type Stories, storiesOf } from './evidence/stories';
import { type StoredMessage } from './system/admin-log';
import { type World } from './system/world';

export class LogReader {
  readonly #messages: StoredMessage[] = [];

  constructor(private readonly world: Pick<World, 'admin' | 'poison' | 'product'>) {}

  async read(): Promise<{ readonly log: LogEvidence; readonly stories: Stories }> {
    const from = (this.#messages.at(-1)?.sequence ?? 0) + 1;
    this.#messages.push(...await this.world.admin.read(from));
    const log = readLog(this.#messages, this.world.poison, await this.#readKeys());
    return { log, stories: storiesOf(log) };
  }

  get lastSequence(): number {
    return this.#messages.at(-1)?.sequence ?? 0;
  }

  /** Made at the first use of their subject, so there may be new ones each time. */
  async #readKeys(): Promise<SealingKeys> {
    const { admin, product: { dataDir } } = this.world;
    const masterKey = (await readFile(path.join(dataDir, 'secrets/master-key'), 'utf8')).trim();
    const records = await admin.contentKeys();
    return new Map(records.flatMap((record) => {
      const key = sealingKeyOf(record, masterKey);
      return key === null ? [] : [key];
    }));
  }
}
