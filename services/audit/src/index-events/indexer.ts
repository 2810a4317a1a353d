// Keeps what questions need beside the archive, while this process is the one that archives: the events
// index caught up with it, and full partitions with their indexes. Looks once a second.
import { nextToSeal, sealPartition } from '@libs/postgres/event-partitions';
import { type Database } from '@libs/postgres/database';
import { indexBehind, readIndexPosition } from '@libs/postgres/index-store';
import { type Logger } from '@libs/telemetry/logger';
import { type ArchiveControl } from '../shared/archive-control';
import { Rounds } from '../shared/rounds';
import { catchUp } from './catch-up';
import { type IndexMetrics } from './metrics';

const lookEveryMs = 1_000;

export interface IndexerParts {
  readonly archiver: ArchiveControl;
  readonly database: Database;
  readonly logger: Logger;
  readonly metrics: IndexMetrics;
}

export class Indexer {
  readonly #abort = new AbortController();
  readonly #rounds = new Rounds(lookEveryMs, () => this.#look());

  constructor(private readonly parts: IndexerParts) {}

  start(): void {
    this.#rounds.start();
  }

  async stop(): Promise<void> {
    this.#abort.abort();
    await this.#rounds.stop();
  }

  async #look(): Promise<void> {
    const { archiver, database, logger, metrics } = this.parts;
    if (!archiver.writing) return;
    try {
      // As long as it does, the archiver keeps the index with the archive.
      if (await indexBehind(database) > 0) await this.#catchUp();
      await this.#seal();
      metrics.indexed((await readIndexPosition(database)).size);
    } catch (error) {
      logger.warn({ err: error }, 'the events index was not kept, will try again');
    }
  }

  async #catchUp(): Promise<void> {
    const { database, logger, metrics } = this.parts;
    await catchUp(database, this.#abort.signal, {
      logger, behind: (commits) => { metrics.behind(commits); }, onPage: () => this.#seal(),
    });
  }

  async #seal(): Promise<void> {
    const { database, metrics } = this.parts;
    for (;;) {
      const number = await nextToSeal(database);
      if (number === null || this.#abort.signal.aborted) return;
      const startedAt = performance.now();
      await sealPartition(database, number);
      metrics.sealed((performance.now() - startedAt) / 1_000);
    }
  }
}
