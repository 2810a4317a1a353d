// The one module of the audit process: archiver, events index, checkpoints, snapshots, exports, answers,
// trimming, copies of keys.
import { type DynamicModule, Inject, Injectable, Module, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import { type LogConnection } from '@libs/jetstream/connect';
import { type Database } from '@libs/postgres/database';
import { type SignalSubscription } from '@libs/signals/signals';
import { type Health } from '@libs/telemetry/health';
import { type Logger } from '@libs/telemetry/logger';
import { type Registry } from '@libs/telemetry/metrics';
import { answerAuditQuestions } from './answer-questions/audit-answers';
import { Archiver } from './archive-log/archiver';
import { archiveMetrics } from './archive-log/metrics';
import { answerExports } from './export-events/answer-exports';
import { ExportWorker } from './export-events/export-worker';
import { answerEvents } from './find-events/answer-events';
import { Indexer } from './index-events/indexer';
import { indexMetrics } from './index-events/metrics';
import { type KeyCopier, startCopyingKeys } from './keep-keys/key-copier';
import { keeperMetrics } from './keep-snapshots/metrics';
import { type SnapshotKeeper, startKeeping } from './keep-snapshots/snapshot-keeper';
import { rebuild } from './rebuild-models/rebuild';
import { answerPast } from './show-past/answer-state';
import { PastPages } from './show-past/past-pages';
import { startFolder } from './show-past/start-folder';
import { answerProofs } from './sign-checkpoints/answer-proofs';
import { CheckpointSigner } from './sign-checkpoints/checkpoint-signer';
import { treeMetrics } from './sign-checkpoints/metrics';
import { type CheckpointPlaces } from './sign-checkpoints/places';
import { type AuditSettings } from './settings';
import { startTrimming, type Trimmer } from './trim-log/trimmer';

export interface AuditParts {
  readonly connection: LogConnection;
  readonly database: Database;
  readonly health: Health;
  readonly logger: Logger;
  readonly registry: Registry;
  readonly settings: AuditSettings;
  readonly checkpoints: CheckpointPlaces;
}

const auditParts = Symbol('AuditParts');

/** Starts and stops the slices with the application. */
@Injectable()
class AuditLife implements OnApplicationBootstrap, OnApplicationShutdown {
  readonly #archiver: Archiver;
  readonly #signer: CheckpointSigner;
  readonly #indexer: Indexer;
  readonly #exports: ExportWorker;
  #answers: SignalSubscription | null = null;
  #trimmer: Trimmer | null = null;
  #keyCopier: KeyCopier | null = null;
  #keeper: SnapshotKeeper | null = null;
  readonly #pages: PastPages;

  constructor(@Inject(auditParts) private readonly parts: AuditParts) {
    const { connection, database, health, logger, registry } = parts;
    this.#archiver = new Archiver({
      log: connection.log, database, health, logger, metrics: archiveMetrics(registry),
      onArchived: (commits) => { this.#signer.archived(commits); },
    });
    this.#signer = new CheckpointSigner({
      places: parts.checkpoints, archiver: this.#archiver, log: connection.log, database, health, logger,
      metrics: treeMetrics(registry), nowMs: Date.now,
    });
    const kept = { archiver: this.#archiver, database, logger };
    this.#indexer = new Indexer({ ...kept, metrics: indexMetrics(registry) });
    this.#exports = new ExportWorker(kept);
    const { HOLDFAST_PAST_MEMORY_MB: memoryMb } = parts.settings;
    this.#pages = new PastPages({
      logger, nowMs: Date.now,
      start: (events) => startFolder({ partitionCount: connection.partitionCount, memoryMb }, events),
    });
  }

  onApplicationBootstrap(): void {
    const { connection, database, logger, registry, settings } = this.parts;
    this.#archiver.start();
    this.#signer.start();
    this.#indexer.start();
    this.#exports.start();
    this.#trimmer = startTrimming({
      connection, database, logger, archiver: this.#archiver,
      keepDays: settings.HOLDFAST_LOG_KEEP_DAYS,
    });
    this.#keyCopier = startCopyingKeys({
      keys: connection.keys, database, logger, archiver: this.#archiver, now: Date.now,
    });
    this.#keeper = startKeeping({
      snapshots: connection.snapshots, database, archiver: this.#archiver, logger,
      metrics: keeperMetrics(registry), nowMs: Date.now,
      bytesMax: settings.HOLDFAST_PAST_SNAPSHOTS_MB * 1024 * 1024,
    });
    this.#answers = answerAuditQuestions({
      archiver: this.#archiver, log: connection.log, signals: connection.signals, logger,
      rebuild: (report) => rebuild(database, report, Date.now),
      proofs: answerProofs(database, this.#signer),
      events: answerEvents(database),
      exports: answerExports(database, this.#signer, () => { this.#exports.wake(); }),
      past: answerPast({
        database, log: connection.log, nowMs: Date.now,
        archived: () => this.#archiver.position.sequence,
      }, this.#pages),
    });
  }

  async onApplicationShutdown(): Promise<void> {
    this.#answers?.stop();
    this.#pages.stop();
    await this.#keeper?.stop();
    await this.#trimmer?.stop();
    await this.#exports.stop();
    await this.#indexer.stop();
    await this.#keyCopier?.stop();
    await this.#signer.stop();
    await this.#archiver.stop();
  }
}

@Module({})
export class AuditModule {
  static with(parts: AuditParts): DynamicModule {
    return {
      module: AuditModule,
      providers: [{ provide: auditParts, useValue: parts }, AuditLife],
    };
  }
}
