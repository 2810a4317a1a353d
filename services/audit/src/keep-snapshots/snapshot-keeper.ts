// Keeps the routers' snapshots of the past: copies each from the log's side into the archive before
// the router replaces it, and thins what is there. No fold of its own, and nothing on the routers'
// path: they write their snapshots anyway.
import { isFault } from '@libs/faults/faults';
import { type Database } from '@libs/postgres/database';
import { dropSnapshots, keepSnapshot, type KeptSnapshot, listSnapshots } from '@libs/postgres/kept-snapshots';
import { foldVersion } from '@libs/routing/partition-state';
import { snapshotHead } from '@libs/snapshots/snapshot-data';
import { type Logger } from '@libs/telemetry/logger';
import { type ArchiveControl } from '../shared/archive-control';
import { snapshotEveryEvents } from '../shared/snapshot-distance';
import { type KeeperMetrics } from './metrics';
import { superfluous } from './thin-snapshots';

/** A router keeps its last two and makes one a minute at most. */
const everyMs = 30_000;
const routersName = /^router-(\d+)$/;

export interface KeeperParts {
  /** The routers' own. */
  readonly snapshots: {
    list(): Promise<readonly { readonly name: string }[]>;
    get(name: string): Promise<Buffer | null>;
  };
  readonly database: Database;
  readonly archiver: Pick<ArchiveControl, 'position' | 'writing'>;
  readonly logger: Logger;
  readonly metrics: KeeperMetrics;
  readonly bytesMax: number;
  readonly nowMs: () => number;
}

export interface SnapshotKeeper {
  stop(): Promise<void>;
}

export function startKeeping(parts: KeeperParts): SnapshotKeeper {
  let running: Promise<void> = Promise.resolve();
  const timer = setInterval(() => {
    if (!parts.archiver.writing) return;
    running = running.then(() => keepOnce(parts)).catch((error: unknown) => {
      const level = isFault(error) ? 'warn' : 'error';
      parts.logger[level]({ err: error }, 'snapshots of the past were not kept, will try again');
    });
  }, everyMs);
  return {
    stop: async () => {
      clearInterval(timer);
      await running;
    },
  };
}

/** One round. @throws Fault archive_unavailable, log_unavailable */
export async function keepOnce(parts: KeeperParts): Promise<void> {
  const { database, metrics, nowMs, bytesMax } = parts;
  await copyNew(parts, await listSnapshots(database));
  const kept = await listSnapshots(database);
  // Of no use to this build, and made again from the log by whoever asks.
  const foreign = kept.filter((one) => one.foldVersion !== foldVersion);
  const own = kept.filter((one) => one.foldVersion === foldVersion);
  const thin = superfluous(own, { nowMs: nowMs(), bytesMax, gapEventsMax: snapshotEveryEvents });
  const gone = new Set([...foreign.map(({ sequence }) => sequence), ...thin]);
  await dropSnapshots(database, [...gone]);
  const left = own.filter(({ sequence }) => !gone.has(sequence));
  metrics.kept(left.length, left.reduce((sum, { bytes }) => sum + bytes, 0));
}

async function copyNew(
  { snapshots, database, archiver, logger }: KeeperParts, kept: readonly KeptSnapshot[],
): Promise<void> {
  const known = new Set(kept.map(({ sequence }) => sequence));
  for (const { name } of await snapshots.list()) {
    const sequence = Number(routersName.exec(name)?.[1] ?? Infinity);
    // One whose commit is not archived yet is there the next time, too.
    if (sequence > archiver.position.sequence || known.has(sequence)) continue;
    const data = await snapshots.get(name);
    if (data === null) continue;
    const { foldVersion: version, partitionCount, position } = snapshotHead(data);
    if (version !== foldVersion) continue;
    const stored = await keepSnapshot(
      database, { ...position, foldVersion: version, partitionCount, data });
    if (!stored) logger.warn({ name }, 'a snapshot is of another log than the archive: not kept');
  }
}
