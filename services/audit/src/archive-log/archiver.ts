// Archives every commit into Postgres exactly once. Rows, read models and position move in one
// transaction; after any failure it begins again at the position the database has.
import { type Commit, type EventLog, type Following, type Position } from '@libs/log/log';
import { isFault } from '@libs/faults/faults';
import { type JobState } from '@libs/jobs/state';
import { type ArchivedObject, loadStates, readPosition, writeBatch } from '@libs/postgres/archive-store';
import { type Database, migrate } from '@libs/postgres/database';
import { type WriterLock, takeWriterLock } from '@libs/postgres/writer-lock';
import { type Health } from '@libs/telemetry/health';
import { type Logger } from '@libs/telemetry/logger';
import { type ArchiveControl } from '../shared/archive-control';
import { setBrokenAside } from '../shared/broken-commits';
import { eventRows } from '../shared/event-rows';
import { objectsNamed, project, projectTwice } from '../shared/projector';
import { CommitBuffer } from './commit-buffer';
import { StateCache } from '../shared/state-cache';
import { type ArchiveMetrics } from './metrics';

/**
 * A write costs both ends some 20 ms of CPU however little it writes, and a job that is settled when
 * first written is written once: a busy system is archived once a second, a quiet one soon.
 */
const writeEveryMs = 1_000;
/** How late commits may come in; without any for this long the system is quiet. */
const latenessMs = 100;
/** After a failure (Postgres away, another audit is writing). */
const retryMs = 1_000;

export interface ArchiverParts {
  readonly log: EventLog;
  readonly database: Database;
  readonly health: Health;
  readonly logger: Logger;
  readonly metrics: ArchiveMetrics;
  /** Told of what is archived now. */
  readonly onArchived?: (commits: readonly Commit[]) => void;
}

export class Archiver implements ArchiveControl {
  readonly #cache = new StateCache();
  #stopping = false;
  #buffer = new CommitBuffer();
  #position: Position = { sequence: 0, msgId: '' };
  #migrated = false;
  #lock: WriterLock | null = null;
  #done: Promise<void> = Promise.resolve();
  /** Set while something else (a rebuild's swap) must have the tables for itself. */
  #pause: Promise<void> = Promise.resolve();

  constructor(private readonly parts: ArchiverParts) {}

  /** Last archived sequence. */
  get position(): Position {
    return this.#position;
  }

  /** Whether this process is the one that archives (others stand by). */
  get writing(): boolean {
    return this.#lock !== null;
  }

  start(): void {
    this.#done = this.#run();
  }

  /** Writes what is buffered, then ends. */
  async stop(): Promise<void> {
    this.#stopping = true;
    this.#buffer.wake();
    await this.#done;
  }

  /** Runs `work` between two batches, with nothing being written meanwhile. */
  async whilePaused<T>(work: () => Promise<T>): Promise<T> {
    const before = this.#pause;
    const running = before.then(work);
    this.#pause = running.then(() => undefined, () => undefined);
    return running.finally(() => this.#cache.clear());
  }

  async #run(): Promise<void> {
    while (!this.#stopping) {
      try {
        await this.#session();
      } catch (error) {
        const level = isFault(error, 'archive_unavailable') ? 'warn' : 'error';
        this.parts.logger[level]({ err: error }, 'archiving interrupted, will try again');
        this.parts.health.set('postgres', 'down', error instanceof Error ? error.message : '');
        await sleep(retryMs);
      }
    }
  }

  /** One stretch of archiving: from taking the writer's lock to the first failure or the stop. */
  async #session(): Promise<void> {
    const { database, log, health, logger } = this.parts;
    if (!this.#migrated) {
      await migrate(database.url);
      this.#migrated = true;
    }
    const lock = await takeWriterLock(database.url);
    if (lock === null) {
      health.set('postgres', 'up', 'standing by: another audit archives');
      return sleep(retryMs);
    }
    this.#lock = lock;
    let following: Following | null = null;
    try {
      this.#cache.clear();
      this.#position = await readPosition(database);
      this.#buffer = new CommitBuffer();
      const failed = new Promise<never>((_resolve, reject) => {
        lock.lost.catch(reject);
        log.follow({
          subjects: ['events.>'],
          after: this.#position.sequence === 0 ? null : this.#position,
          latenessMs,
          onCommit: (commit) => this.#buffer.add(commit),
          onStopped: (error) => reject(error instanceof Error ? error : new Error(String(error))),
        }).then((started) => { following = started; }, reject);
      });
      health.set('postgres', 'up');
      logger.info({ after: this.#position.sequence }, 'archiving');
      await Promise.race([this.#writeLoop(), failed]);
    } finally {
      this.#lock = null;
      await (following as Following | null)?.stop();
      await lock.release();
    }
  }

  async #writeLoop(): Promise<void> {
    for (;;) {
      await this.#buffer.arrival();
      await this.#untilQuietOrDue();
      while (this.#buffer.length > 0) {
        await this.#pause;
        await this.#writeOne();
      }
      if (this.#stopping) return;
    }
  }

  async #untilQuietOrDue(): Promise<void> {
    const dueAt = performance.now() + writeEveryMs;
    for (let seen = -1; seen !== this.#buffer.length && performance.now() < dueAt;) {
      if (this.#stopping || this.#buffer.isLarge) return;
      seen = this.#buffer.length;
      await sleep(latenessMs * 1.5);
    }
  }

  async #writeOne(): Promise<void> {
    const { database, logger, metrics } = this.parts;
    const { taken: commits, readable, broken } = setBrokenAside(this.#buffer.nextBatch());
    const last = commits.at(-1);
    if (last === undefined) return;
    for (const { commit: { sequence, subject }, error } of broken) {
      logger.error({ sequence, subject, error }, 'a commit that cannot be read is a dead letter');
    }
    const objects = await this.#objects(objectsNamed(readable));
    const unreadable = new Set(broken.map(({ commit: { sequence } }) => sequence));
    let states: ReadonlyMap<string, JobState> = new Map();
    await projectTwice(readable, async (needed) => {
      const known = await this.#known(needed);
      const { rows, spend, states: after } = project(readable, known);
      const derived = {
        ...eventRows(commits, unreadable, (id) => after.get(id) ?? known.get(id)), spend,
      };
      await writeBatch(database, { after: this.#position, commits, objects, broken, rows, derived });
      states = after;
    });
    this.#position = { sequence: last.sequence, msgId: last.msgId };
    this.#buffer.drop(commits.length);
    this.#cache.keep(states);
    metrics.archived(commits.length, last);
    this.parts.onArchived?.(commits);
    metrics.broken(broken.length);
  }

  /** What is gone from the store stops nothing: readers of its job are told so. */
  async #objects(named: ReadonlyMap<string, number>): Promise<ArchivedObject[]> {
    const { log, logger } = this.parts;
    const objects: ArchivedObject[] = [];
    for (const [sha256, sequence] of named) {
      try {
        objects.push({ sha256, sequence, bytes: await log.getObject(sha256) });
      } catch (error) {
        if (!isFault(error, 'object_missing')) throw error;
        logger.error({ sha256, sequence }, 'large content of a commit is gone and is not archived');
      }
    }
    return objects;
  }

  async #known(needed: ReadonlySet<string>): Promise<Map<string, JobState>> {
    const known = new Map<string, JobState>();
    const missing: string[] = [];
    for (const id of needed) {
      const state = this.#cache.get(id);
      if (state === undefined) missing.push(id);
      else known.set(id, state);
    }
    for (const [id, text] of await loadStates(this.parts.database, missing)) {
      known.set(id, JSON.parse(text) as JobState);
    }
    return known;
  }
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
