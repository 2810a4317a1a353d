// Reads a restored log from its start and compares each commit with the archive, byte for byte. On
// the way it learns how many partitions the log has.
import { type AnyEvent } from '@libs/events/envelope';
import { partitionOf, partitionOfSubject } from '@libs/events/subjects';
import { type RestoredCommit } from '@libs/jetstream/restore-stream';
import { readableEvents } from '@libs/log/readable-events';
import { StoredCommit } from '@libs/log/stored-commit';
import { type ArchivedCommit } from '@libs/postgres/archive-store';
import { type Database } from '@libs/postgres/database';
import { readRetained, type Retained } from '@libs/postgres/restore-reads';
import { Failure } from '../shared/failure';

export interface Compared {
  readonly commits: number;
  readonly bytes: number;
  /** null: nothing says how many there are. */
  readonly partitions: number | null;
}

/** @throws Failure naming the first commit that differs. */
export async function compareWithArchive(
  stored: AsyncGenerator<RestoredCommit>, database: Database, retained: Retained,
): Promise<Compared> {
  const partitions = new PartitionCount();
  let commits = 0;
  let bytes = 0;
  try {
    for await (const archived of archivedCommits(database, retained)) {
      const { value } = await stored.next() as IteratorResult<RestoredCommit, undefined>;
      const difference = differenceOf(archived, value);
      if (difference !== null) throw differs(difference);
      partitions.note(archived);
      commits += 1;
      bytes += archived.bytes.length;
    }
  } finally {
    await stored.return(undefined);
  }
  return { commits, bytes, partitions: partitions.count() };
}

function differs(difference: string): Failure {
  return new Failure(`What was stored differs from the archive: ${difference}. The log stays closed. `
    + 'Delete it (its folder, or the stream) and restore it anew.');
}

async function* archivedCommits(
  database: Database, retained: Retained,
): AsyncGenerator<ArchivedCommit> {
  let after = 0;
  for (;;) {
    const page = await readRetained(database, retained, after);
    const last = page.at(-1);
    if (last === undefined) return;
    yield* page;
    after = last.sequence;
  }
}

function differenceOf(archived: ArchivedCommit, stored: RestoredCommit | undefined): string | null {
  const { sequence } = archived;
  if (stored?.sequence !== sequence) return `commit ${sequence} is not there`;
  if (stored.subject !== archived.subject) return `commit ${sequence} is of ${stored.subject}`;
  if (stored.msgId !== archived.msgId) return `commit ${sequence} has the id ${stored.msgId}`;
  if (!archived.bytes.equals(stored.bytes)) return `commit ${sequence} has other bytes`;
  if (stored.appendedAtMs !== archived.appendedAtMs) return `commit ${sequence} has another time`;
  return null;
}

/** Routers elect themselves in every partition: the highest one that was ever routed is the last. */
class PartitionCount {
  #highest = -1;
  readonly #tenants = new Map<string, number>();

  note(commit: ArchivedCommit): void {
    const partition = partitionOfSubject(commit.subject);
    if (partition === null) return;
    const [event] = readableEvents(new StoredCommit(commit)) as readonly [AnyEvent?];
    if (event === undefined) return;
    if (commit.subject.endsWith('.routed')) this.#highest = Math.max(this.#highest, partition);
    if (commit.subject.endsWith('.submitted')) this.#tenants.set(event.tenant, partition);
  }

  /** @throws Failure when tenants are not where that many partitions would put them. */
  count(): number | null {
    if (this.#highest < 0) return null;
    const count = this.#highest + 1;
    for (const [tenant, partition] of this.#tenants) {
      if (partitionOf(tenant, count) === partition) continue;
      throw new Failure(`The archive seems to have ${count} partitions, but the customer ${
        tenant} is in partition ${partition}: some of it is missing.`);
    }
    return count;
  }
}
