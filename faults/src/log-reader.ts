// Reads the log again and again, each time only what is new.
import { type LogEvidence, readLog } from './evidence/log-evidence';
import { type Stories, storiesOf } from './evidence/stories';
import { type StoredMessage } from './system/admin-log';
import { type World } from './system/world';

export class LogReader {
  readonly #messages: StoredMessage[] = [];

  constructor(private readonly world: Pick<World, 'admin' | 'poison'>) {}

  async read(): Promise<{ readonly log: LogEvidence; readonly stories: Stories }> {
    const from = (this.#messages.at(-1)?.sequence ?? 0) + 1;
    this.#messages.push(...await this.world.admin.read(from));
    const log = readLog(this.#messages, this.world.poison);
    return { log, stories: storiesOf(log) };
  }

  get lastSequence(): number {
    return this.#messages.at(-1)?.sequence ?? 0;
  }
}
