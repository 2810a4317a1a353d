// Trims the log to what is still needed there: the archive has everything. Large content goes with
// the commits that name it, and content that no commit ever named goes after a day.
import { type LogConnection } from '@libs/jetstream/connect';
import { trimThrough } from '@libs/jetstream/trim';
import {
  archivedObjects, archivedUpToMs, firstSequenceSince, oldestUnsettled,
} from '@libs/postgres/archive-store';
import { type Database } from '@libs/postgres/database';
import { type Logger } from '@libs/telemetry/logger';
import { type ArchiveControl } from '../shared/archive-control';
import { trimUpTo } from './trim-plan';

/** Often enough that the log's size follows the load of the week, seldom enough not to be felt. */
const everyMs = 10 * 60_000;
const dayMs = 86_400_000;
const trimmed = ['events.job.>', 'events.webhook.>', 'events.access'];

export interface TrimParts {
  readonly connection: LogConnection;
  readonly database: Database;
  readonly archiver: ArchiveControl;
  readonly logger: Logger;
  readonly keepDays: number;
}

export interface Trimmer {
  stop(): Promise<void>;
}

export function startTrimming(parts: TrimParts): Trimmer {
  const abort = new AbortController();
  let running: Promise<void> = Promise.resolve();
  const timer = setInterval(() => {
    if (!parts.archiver.writing) return;
    running = running.then(() => trimOnce(parts, Date.now(), abort.signal)).catch((error: unknown) => {
      parts.logger.warn({ err: error }, 'trimming failed, will try again');
    });
  }, everyMs);
  return {
    stop: async () => {
      clearInterval(timer);
      abort.abort();
      await running;
    },
  };
}

/** One round. @throws Fault archive_unavailable, log_unavailable */
export async function trimOnce(parts: TrimParts, nowMs: number, signal: AbortSignal): Promise<void> {
  const { connection, database, logger } = parts;
  const upTo = trimUpTo({
    archivedSequence: parts.archiver.position.sequence,
    snapshotSequence: await oldestSnapshot(connection),
    oldestUnsettledSequence: await oldestUnsettled(database),
    firstKeptSequence: await firstSequenceSince(database, nowMs - parts.keepDays * dayMs),
  });
  if (upTo > 0) {
    const commits = await trimThrough(connection.nc, { upTo, subjects: trimmed, signal });
    if (commits > 0) logger.info({ upTo, commits }, 'log trimmed');
  }
  await trimObjects(parts, upTo, nowMs);
}

/** Routers keep their last snapshots as `router-<sequence>`; the oldest may yet be needed. */
async function oldestSnapshot(connection: LogConnection): Promise<number | null> {
  const names = (await connection.snapshots.list()).map(({ name }) => /^router-(\d+)$/.exec(name)?.[1]);
  const sequences = names.filter((text) => text !== undefined).map(Number);
  // The commit at the position itself is read to recognise a fork: it stays.
  return sequences.length === 0 ? null : Math.min(...sequences) - 1;
}

async function trimObjects(parts: TrimParts, upTo: number, nowMs: number): Promise<void> {
  const { connection, database } = parts;
  const stored = await connection.content.list();
  if (stored.length === 0) return;
  const named = await archivedObjects(database, stored.map(({ name }) => name));
  // What is named by nothing archived may be named by what the archive has yet to catch up with.
  const caughtUpMs = Math.min(nowMs, await archivedUpToMs(database));
  for (const { name, storedAtMs } of stored) {
    const last = named.get(name);
    const gone = last === undefined ? storedAtMs < caughtUpMs - dayMs : last <= upTo;
    if (gone) await connection.content.delete(name);
  }
}
