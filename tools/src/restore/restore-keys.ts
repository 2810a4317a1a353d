// Makes the bucket of data keys again from its copy in the archive. What an archived erasure destroyed
// stays destroyed, however old the copy is, and so does what is past its time.
import { erasedEntry, erasedMark, isErasedEntry, parseRecord } from '@libs/content-keys/key-record';
import { type KeyStore } from '@libs/content-keys/key-store';
import { isNamingEntry } from '@libs/content-keys/subject-names';
import { timeOfKey } from '@libs/content-keys/timed-name';
import { parseEventLine, splitCommit } from '@libs/events/parse-commit';
import { type Database } from '@libs/postgres/database';
import { copiedKeys, erasureCommits, type KeyEntry } from '@libs/postgres/key-copies';

/** Each waits for the server's disk; together they share its syncs. */
const inFlightMax = 64;

/** Entries that were not there are made; returns how many keys the bucket was given. */
export async function restoreKeys(
  database: Database, store: KeyStore, progress: (message: string) => void, nowMs: number,
): Promise<number> {
  const erased = await erasedKeys(database);
  let restored = 0;
  let batch: Promise<boolean>[] = [];
  const flush = async (): Promise<void> => {
    restored += (await Promise.all(batch)).filter((made) => made).length;
    batch = [];
  };
  for await (const entry of copiedKeys(database)) {
    const time = timeOfKey(entry.name);
    if (time !== null && time.untilMs <= nowMs) continue;
    if (isDestroyed(entry, erased)) continue;
    batch.push(store.create(entry.name, entry.value));
    if (batch.length < inFlightMax) continue;
    await flush();
    progress(`${restored} data keys`);
  }
  await flush();
  for (const [id, mark] of erased) await store.create(erasedEntry(id), mark);
  return restored;
}

function isDestroyed({ name, value }: KeyEntry, erased: ReadonlyMap<string, string>): boolean {
  if (isErasedEntry(name) || isNamingEntry(name)) return false;
  return erased.has(parseRecord(value).id);
}

/** The marks of all keys that were destroyed, by key id. */
async function erasedKeys(database: Database): Promise<Map<string, string>> {
  const erased = new Map<string, string>();
  for await (const bytes of erasureCommits(database)) {
    splitCommit(bytes).eventLines.forEach((text, line) => {
      const event = parseEventLine(text, line);
      if (event.type !== 'SubjectErased') return;
      const mark = erasedMark(event.subject, Date.parse(event.time));
      for (const id of event.data.keys) erased.set(id, mark);
    });
  }
  return erased;
}
