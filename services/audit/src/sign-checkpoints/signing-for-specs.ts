// What specs of checkpoints stand on: an in-memory log, an archiver and a signer on a real PostgreSQL,
// a folder, and a clock that the test moves.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach } from '@jest/globals';
import { stamp } from '@libs/events/envelope';
import { inlineContent } from '@libs/log/content';
import { InMemoryLog } from '@libs/log/in-memory-log';
import { type Commit } from '@libs/log/log';
import { type Database, migrate, openDatabase } from '@libs/postgres/database';
import { Health } from '@libs/telemetry/health';
import { createLogger } from '@libs/telemetry/logger';
import { createRegistry } from '@libs/telemetry/metrics';
import { startTestPostgres } from '@libs/test-kit/servers';
import { waitFor } from '@libs/test-kit/wait-for';
import { Archiver } from '../archive-log/archiver';
import { archiveMetrics } from '../archive-log/metrics';
import { auditSettings } from '../settings';
import { CheckpointSigner } from './checkpoint-signer';
import { treeMetrics } from './metrics';
import { checkpointPlaces } from './places';

export interface Signed {
  readonly note: string;
  readonly tree_size: number;
  readonly key_id?: string;
}

const logger = createLogger({ service: 'audit', instance: 'test', level: 'silent' });

/** Call once in a spec file: its hooks start PostgreSQL, and begin each test with nothing. */
export function signingWorld(): SigningWorld {
  const world = new SigningWorld();
  beforeAll(() => world.open(), 60_000);
  afterAll(() => world.close());
  beforeEach(() => world.reset());
  afterEach(() => world.stopAll());
  return world;
}

export class SigningWorld {
  log = new InMemoryLog();
  folder = '';
  nowMs = 0;
  readonly running: { readonly stop: () => Promise<void> }[] = [];
  #postgres: Awaited<ReturnType<typeof startTestPostgres>> | null = null;
  #database: Database | null = null;
  #serial = 0;

  get database(): Database {
    if (this.#database === null) throw new Error('the database was not opened');
    return this.#database;
  }

  async open(): Promise<void> {
    this.#postgres = await startTestPostgres();
    await migrate(this.#postgres.url);
    this.#database = openDatabase({
      url: this.#postgres.url, connectionsMax: 6, statementTimeoutMs: 0, onError: () => undefined,
    });
  }

  async close(): Promise<void> {
    await this.#database?.close();
    await this.#postgres?.cleanup();
  }

  async reset(): Promise<void> {
    await this.database.query('TRUNCATE commits, broken_commits, objects, jobs, attempts, deliveries');
    await this.database.query("UPDATE archive_position SET sequence = 0, msg_id = ''");
    await this.forgetTree();
    this.folder = await mkdtemp(path.join(tmpdir(), 'holdfast-checkpoints-'));
    this.log = new InMemoryLog();
    this.nowMs = 1_800_000_000_000;
  }

  async stopAll(): Promise<void> {
    for (const one of this.running.splice(0).reverse()) await one.stop();
    await rm(this.folder, { recursive: true, force: true });
  }

  async start(
    witnesses = '',
  ): Promise<{ archiver: Archiver; signer: CheckpointSigner; health: Health }> {
    const { log, database } = this;
    const health = new Health();
    const registry = createRegistry('audit', `tree-${this.#serial++}`);
    const archiver = new Archiver({
      log, database, health, logger, metrics: archiveMetrics(registry),
      onArchived: (commits: readonly Commit[]) => { signer.archived(commits); },
    });
    const settings = auditSettings.parse({
      DATABASE_URL: database.url, HOLDFAST_DATA_DIR: this.folder, HOLDFAST_AUDIT_WITNESSES: witnesses,
    });
    const signer = new CheckpointSigner({
      archiver, log, database, places: await checkpointPlaces(settings, logger), health, logger,
      metrics: treeMetrics(registry), nowMs: () => this.nowMs,
    });
    archiver.start();
    signer.start();
    this.running.push(archiver, signer);
    return { archiver, signer, health };
  }

  async fill(commits: number): Promise<void> {
    for (let count = 0; count < commits; count += 1) {
      const text = `{"n":${this.#serial}}`;
      const events = Array.from({ length: 1 + this.#serial % 4 }, () => stamp({
        type: 'AdminActed', subject: 'x', tenant: 'system',
        data: { actor: 'admin', act: 'a', about: 'x', detail: {} },
      }, `event-${this.#serial++}`, 1_700_000_000_000));
      await this.log.append('events.access', { events, content: inlineContent(text)?.lines ?? [] });
    }
  }

  async archived(): Promise<void> {
    await waitFor(async () => {
      const [row] = await this.database.query<{ sequence: string }>('SELECT sequence FROM archive_position');
      return Number(row?.sequence) >= this.log.commits.length;
    }, { timeoutMs: 30_000 });
  }

  checkpoints(): Signed[] {
    return this.log.events('events.checkpoint').map(({ data }) => data as Signed);
  }

  async nextCheckpoint(before: number): Promise<Signed> {
    return waitFor(() => this.checkpoints()[before], { timeoutMs: 20_000 });
  }

  async forgetTree(): Promise<void> {
    await this.database.query('TRUNCATE tree_tiles, tree_marks');
    await this.database.query("UPDATE tree_position SET sequence = 0, msg_id = '', size = 0");
  }
}
