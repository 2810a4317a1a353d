// Signs the tree while this process is the one that archives: every minute if there is something new,
// and every 10,000 commits. A checkpoint is an event of the log and a file.
import { readFile } from 'node:fs/promises';
import { type Checkpoint } from '@libs/audit-tree/checkpoint';
import { type NoteKey, noteText, parseNote, signerOf } from '@libs/audit-tree/signed-note';
import { stamp } from '@libs/events/envelope';
import { subjects } from '@libs/events/subjects';
import { listCheckpointFiles, writeCheckpointFile } from '@libs/checkpoints/checkpoint-files';
import { verifyEd25519 } from '@libs/checkpoints/ed25519';
import { NotWitnessed } from '@libs/checkpoints/witness';
import { type Commit, type EventLog } from '@libs/log/log';
import { readableEvents } from '@libs/log/readable-events';
import { type Database } from '@libs/postgres/database';
import { proveConsistency } from '@libs/postgres/tree-reads';
import { newEventId } from '@libs/telemetry/ids';
import { type Health } from '@libs/telemetry/health';
import { type Logger } from '@libs/telemetry/logger';
import { type ArchiveControl } from '../shared/archive-control';
import { Rounds } from '../shared/rounds';
import { catchUp } from './catch-up';
import { type TreeMetrics } from './metrics';
import { type CheckpointPlaces } from './places';
import { checkpointOf, Inconsistent, signCheckpoint, type SignedCheckpoint } from './sign-checkpoint';

const signEveryMs = 60_000;
const signEveryCommits = 10_000;
const lookEveryMs = 1_000;

export interface SignerParts {
  readonly archiver: ArchiveControl;
  readonly log: EventLog;
  readonly database: Database;
  readonly places: CheckpointPlaces;
  readonly health: Health;
  readonly logger: Logger;
  readonly metrics: TreeMetrics;
  readonly nowMs: () => number;
}

export class CheckpointSigner {
  readonly #abort = new AbortController();
  #latest: SignedCheckpoint | null = null;
  readonly #rounds = new Rounds(lookEveryMs, () => this.#look());
  /** Of the stretch of archiving that this process is in: cleared when it ends. */
  #begun = false;
  #newCommits = 0;
  #lastTriedMs = 0;

  constructor(private readonly parts: SignerParts) {}

  /** The last checkpoint; null: none, or this process does not archive. */
  get latest(): SignedCheckpoint | null {
    return this.#latest;
  }

  /**
   * The key that signed the last checkpoint, of two the present one: a key made since then did not.
   * null: none that is known.
   */
  async key(): Promise<NoteKey | null> {
    const { keys } = this.parts.places;
    const note = this.#latest === null ? null : parseNote(this.#latest.note);
    return keys === null || note === null ? null : signerOf(note, await keys.known(), verifyEd25519);
  }

  start(): void {
    this.#rounds.start();
  }

  async stop(): Promise<void> {
    this.#abort.abort();
    await this.#rounds.stop();
    for (const witness of this.parts.places.witnesses) await witness.close();
  }

  /** Call with what was archived. A checkpoint itself is nothing that needs another. */
  archived(commits: readonly Commit[]): void {
    for (const { subject } of commits) if (subject !== subjects.checkpoint) this.#newCommits += 1;
  }

  async #look(): Promise<void> {
    const { archiver, logger, metrics, health } = this.parts;
    if (!archiver.writing) {
      this.#begun = false;
      this.#latest = null;
      return;
    }
    try {
      if (!this.#begun) await this.#begin();
      if (this.#isDue()) await this.#sign();
    } catch (error) {
      this.#lastTriedMs = this.parts.nowMs();
      // Whatever the load: once a minute is enough to say it.
      this.#newCommits = Math.min(this.#newCommits, 1);
      if (!(error instanceof Inconsistent)) {
        logger.warn({ err: error }, 'the audit tree could not be signed, will try again');
        return;
      }
      metrics.refused();
      health.set('checkpoints', 'down', error.message);
      logger.error({ err: error }, 'NOT SIGNED: the audit tree contradicts what was signed before');
    }
  }

  #isDue(): boolean {
    if (this.parts.places.keys === null || this.#newCommits === 0) return false;
    return this.#newCommits >= signEveryCommits
      || this.parts.nowMs() - this.#lastTriedMs >= signEveryMs;
  }

  async #begin(): Promise<void> {
    const { database, logger, metrics, log } = this.parts;
    await catchUp(database, this.#abort.signal, { logger, behind: (n) => { metrics.behind(n); } });
    const commit = await log.lastOf(subjects.checkpoint);
    const [last] = commit === null ? [] : readableEvents(commit);
    const note = last?.type === 'CheckpointSigned' ? last.data.note : '';
    const checkpoint = checkpointOf(note);
    this.#latest = checkpoint === null ? null : { checkpoint, note };
    const [row] = await database.query<{ news: boolean }>(
      `SELECT EXISTS (SELECT FROM commits WHERE sequence > $1 AND subject <> $2) AS news`,
      [checkpoint?.sequence ?? 0, subjects.checkpoint],
    );
    if (row?.news === true) this.#newCommits += 1;
    this.#begun = true;
  }

  async #sign(): Promise<void> {
    const { database, places: { keys, directory }, log, health, logger, metrics, nowMs } = this.parts;
    if (keys === null) return;
    const key = await keys.now(nowMs());
    const counted = this.#newCommits;
    const own = await signCheckpoint(database, key, await this.#earlier(key.name));
    this.#lastTriedMs = nowMs();
    this.#newCommits -= counted;
    if (own === null) return;
    const signed = await this.#witnessed(own);
    const { checkpoint: { size, root, sequence, origin }, note } = signed;
    const data = {
      tree_size: size, root: Buffer.from(root).toString('hex'), note, origin, key_id: key.id,
      algorithm: 'ed25519' as const, ...(sequence === null ? {} : { sequence }),
    };
    const draft = { type: 'CheckpointSigned' as const, subject: origin, tenant: 'system', data };
    await log.append(subjects.checkpoint, { events: [stamp(draft, newEventId(), nowMs())] });
    this.#latest = signed;
    if (await this.#isFiled(directory, size, note)) health.set('checkpoints', 'up');
    metrics.signed(size);
    logger.info({ size, sequence, keyId: key.id }, 'checkpoint signed');
  }

  /** With the cosignatures of those witnesses that give one; none of them stops a checkpoint. */
  async #witnessed({ checkpoint, note }: SignedCheckpoint): Promise<SignedCheckpoint> {
    const { database, health, logger, metrics, places: { witnesses } } = this.parts;
    const parsed = parseNote(note);
    if (parsed === null || witnesses.length === 0) return { checkpoint, note };
    const given = await Promise.all(witnesses.map(async (witness) => {
      try {
        const cosignature = await witness.cosign(note, checkpoint, (from) =>
          proveConsistency(database, from, checkpoint.size));
        health.set(`witness ${witness.name}`, 'up');
        metrics.witnessed(witness.name, checkpoint.size);
        return [cosignature];
      } catch (error) {
        if (!(error instanceof NotWitnessed)) throw error;
        health.set(`witness ${witness.name}`, 'degraded', error.message);
        metrics.notWitnessed(witness.name);
        logger.error({ err: error, witness: witness.name }, 'a checkpoint was not cosigned');
        return [];
      }
    }));
    const signatures = [...parsed.signatures, ...given.flat()];
    return { checkpoint, note: noteText({ ...parsed, signatures }) };
  }

  /** A directory that takes nothing stops no checkpoint: the log has it. */
  async #isFiled(directory: string | null, size: number, note: string): Promise<boolean> {
    if (directory === null) return true;
    try {
      await writeCheckpointFile(directory, size, note);
      return true;
    } catch (error) {
      this.parts.health.set('checkpoints', 'degraded', `no file: ${String(error)}`);
      this.parts.logger.error({ err: error }, 'a checkpoint was signed, and could not be written as a file');
      return false;
    }
  }

  /** The last ones of log and directory. Those of another origin are of another log. */
  async #earlier(origin: string): Promise<Checkpoint[]> {
    const { places: { directory } } = this.parts;
    const file = directory === null ? undefined : (await listCheckpointFiles(directory)).at(-1);
    const kept = file === undefined ? null : checkpointOf(await readFile(file, 'utf8'));
    if (file !== undefined && kept === null) throw new Inconsistent(`${file} is no checkpoint`);
    return [this.#latest?.checkpoint ?? null, kept]
      .filter((checkpoint) => checkpoint !== null && checkpoint.origin === origin) as Checkpoint[];
  }
}
