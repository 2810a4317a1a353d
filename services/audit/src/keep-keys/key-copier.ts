// Copies the bucket of wrapped data keys into Postgres, where `holdfast restore` finds them. What an
// erasure destroyed goes from the copy, too: its mark stands in the bucket behind the key. Keys of content
// that is not to be kept are not copied: no backup is to have them.
import { erasedKeyOf, isErasedEntry, nameOfKey, sweepEntry } from '@libs/content-keys/key-record';
import { timeOfKey } from '@libs/content-keys/timed-name';
import { type JetStreamKeyStore } from '@libs/jetstream/key-bucket';
import { type Database } from '@libs/postgres/database';
import {
  type CopyPosition, dropKeysUntil, type KeyChanges, type KeyEntry, readCopyPosition, writeKeyChanges,
} from '@libs/postgres/key-copies';
import { type Logger } from '@libs/telemetry/logger';
import { type ArchiveControl } from '../shared/archive-control';

/** As late as the archive itself: what is lost with the bucket is what was made since. */
const everyMs = 1_000;
/** One transaction; a bucket that is copied for the first time takes many. */
const entriesMax = 1_000;

export interface KeyCopierParts {
  readonly keys: JetStreamKeyStore;
  readonly database: Database;
  readonly archiver: Pick<ArchiveControl, 'writing'>;
  readonly logger: Logger;
  readonly now: () => number;
}

export interface KeyCopier {
  stop(): Promise<void>;
}

export function startCopyingKeys(parts: KeyCopierParts): KeyCopier {
  let running: Promise<void> | null = null;
  const timer = setInterval(() => {
    if (running !== null || !parts.archiver.writing) return;
    running = copyKeys(parts).then(() => undefined, (error: unknown) => {
      parts.logger.warn({ err: error }, 'data keys not copied, will try again');
    }).finally(() => {
      running = null;
    });
  }, everyMs);
  return {
    stop: async () => {
      clearInterval(timer);
      await running;
    },
  };
}

/** Up to the end of the bucket; then what is past goes. Returns how many entries were copied. */
export async function copyKeys(
  { keys, database, now }: Pick<KeyCopierParts, 'keys' | 'database' | 'now'>,
): Promise<number> {
  const { bucket, lastSequence } = await keys.state();
  const before = await readCopyPosition(database);
  let sequence = before.bucket === bucket ? before.sequence : 0;
  let copied = 0;
  while (sequence < lastSequence) {
    const changes = await changesAfter(keys, { bucket, sequence });
    await writeKeyChanges(database, changes);
    if (changes.position.sequence === sequence) break;
    sequence = changes.position.sequence;
    copied += changes.entries.length;
  }
  await dropKeysUntil(database, now());
  return copied;
}

async function changesAfter(keys: JetStreamKeyStore, after: CopyPosition): Promise<KeyChanges> {
  const entries: KeyEntry[] = [];
  const erased: { name: string; id: string }[] = [];
  let { sequence } = after;
  while (entries.length < entriesMax) {
    const entry = await keys.entryFrom(sequence + 1);
    if (entry === null) break;
    ({ sequence } = entry);
    if (!isCopied(entry)) continue;
    entries.push(entry);
    if (!isErasedEntry(entry.name)) continue;
    const id = erasedKeyOf(entry.name);
    erased.push({ name: nameOfKey(id), id });
  }
  return { entries, erased, position: { ...after, sequence } };
}

/** Not the mark of a sweep under way, and no key that goes when its job is done. */
function isCopied({ name }: KeyEntry): boolean {
  if (name === sweepEntry) return false;
  const time = timeOfKey(name);
  return time === null || time.kind === 'kept';
}
