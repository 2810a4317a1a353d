// Makes the log again from the archive: data keys and large content, then every commit under its sequence, then a
// comparison of all that was stored, and only then is the log opened for services.
import { type connectNats } from '@libs/jetstream/connect';
import { openKeyStore } from '@libs/jetstream/key-bucket';
import { ContentStore } from '@libs/jetstream/object-store';
import { StreamRestore, type StreamOptions } from '@libs/jetstream/restore-stream';
import { type Database } from '@libs/postgres/database';
import {
  type ArchiveExtent, archiveExtent, oldestOpen, readObjectAfter, readRetained, type Retained,
  retainedCommits, retainedSize,
} from '@libs/postgres/restore-reads';
import { Failure } from '../shared/failure';
import { compareWithArchive } from './compare-with-archive';
import { restoreKeys } from './restore-keys';

export interface RestoreParts {
  readonly database: Database;
  readonly nats: Awaited<ReturnType<typeof connectNats>>;
  readonly stream: StreamOptions;
  /** When no commit of a router says how many there were. */
  readonly partitionsDefault: number;
  readonly progress: (message: string) => void;
}

export interface RestoreSummary {
  readonly first_sequence: number;
  readonly last_sequence: number;
  readonly commits: number;
  readonly bytes: number;
  readonly objects: number;
  /** Data keys of content. */
  readonly keys: number;
  readonly partitions: number;
  readonly seconds: number;
}

/** From here on ingress refuses new work: a restored log must not begin there. */
const roomShareMax = 0.9;

/**
 * `sinceMs` null: everything that is archived.
 * @throws Failure, or Fault: run again, a restore goes on where it stopped.
 */
export async function restoreLog(
  parts: RestoreParts, sinceMs: number | null,
): Promise<RestoreSummary> {
  const startedAt = performance.now();
  const { database, nats, stream, progress } = parts;
  const extent = await archiveExtent(database);
  if (extent === null) throw new Failure('The archive is empty: there is nothing to restore from.');
  const retained = await retainedCommits(database, extent, sinceMs);
  const size = await retainedSize(database, retained);
  checkRoom(size.bytes, stream.maxBytes);
  const [first] = await readRetained(database, retained, 0);
  const firstSequence = first?.sequence ?? extent.firstSequence;
  const fingerprint = [firstSequence, retained.fromSequence, extent.lastSequence, extent.lastMsgId];
  const restore = await StreamRestore.begin(nats, stream, {
    firstSequence, fingerprint: fingerprint.join('/'),
  });
  const keys = await restoreKeys(database, await openKeyStore(nats), progress, Date.now());
  const objects = await restoreObjects(parts, retained);
  await restoreCommits(parts, restore, { retained, extent });
  progress('comparing what was stored with the archive');
  const compared = await compareWithArchive(restore.stored(), database, retained);
  const partitions = compared.partitions ?? parts.partitionsDefault;
  await restore.open({
    partitions, workFrom: await oldestOpen(database) ?? extent.lastSequence + 1,
  });
  return {
    first_sequence: firstSequence, last_sequence: extent.lastSequence, commits: compared.commits,
    bytes: compared.bytes, objects, keys, partitions,
    seconds: Math.round((performance.now() - startedAt) / 100) / 10,
  };
}

function checkRoom(bytes: number, maxBytes: number): void {
  if (maxBytes <= 0 || bytes < maxBytes * roomShareMax) return;
  throw new Failure(`The log would take ${bytes} bytes and has room for ${maxBytes}. Give it more `
    + '(HOLDFAST_LOG_MAX_BYTES), or restore fewer days (--keep-days).');
}

async function restoreObjects(
  { database, nats, progress }: RestoreParts, retained: Retained,
): Promise<number> {
  const content = new ContentStore(nats);
  let count = 0;
  let object = await readObjectAfter(database, retained, '');
  for (; object !== null; object = await readObjectAfter(database, retained, object.sha256)) {
    await content.put(object.sha256, object.bytes);
    count += 1;
    if (count % 100 === 0) progress(`${count} large contents`);
  }
  return count;
}

async function restoreCommits(
  { database, progress }: RestoreParts, restore: StreamRestore,
  { retained, extent }: { readonly retained: Retained; readonly extent: ArchiveExtent },
): Promise<void> {
  for (;;) {
    const page = await readRetained(database, retained, restore.nextSequence - 1);
    if (page.length === 0) return;
    await restore.append(page);
    progress(`commit ${restore.nextSequence - 1} of ${extent.lastSequence}`);
  }
}
