// Reads content back: from the log, or from the archive where the log was trimmed already.
import { type ContentKeys } from '@libs/content-keys/content-keys';
import { originalOrRedacted } from '@libs/content-keys/original-or-redacted';
import { openLine, openObject } from '@libs/content-keys/sealed-content';
import { type ContentRef } from '@libs/events/content';
import { type AnyEvent } from '@libs/events/envelope';
import { parseEventLine, splitCommit } from '@libs/events/parse-commit';
import { Fault, isFault } from '@libs/faults/faults';
import { type EventLog } from '@libs/log/log';
import { type JobArchive } from './job-archive';

export interface ContentSources {
  readonly log: EventLog;
  readonly archive: JobArchive;
  readonly keys: ContentKeys;
}

export interface ReadCommit {
  readonly events: (line: number) => AnyEvent | undefined;
  readonly contentLines: readonly string[];
}

/** The commit from the log, else from the archive. @throws Fault object_missing */
export async function readCommit(
  { log, archive }: ContentSources, sequence: number,
): Promise<ReadCommit> {
  const commit = await log.readAt(sequence);
  if (commit !== null) {
    return { events: (line) => commit.events[line], contentLines: commit.contentLines };
  }
  const text = await archive.commitText(sequence);
  if (text === null) throw new Fault('object_missing', `commit ${sequence} is not kept`);
  const { eventLines, contentLines } = splitCommit(Buffer.from(text));
  return {
    events: (line) => {
      const found = eventLines[line];
      return found === undefined ? undefined : parseEventLine(found, line);
    },
    contentLines: contentLines(),
  };
}

/** What can be read of it now: of policy `redacted` at last the redacted copy. */
export async function readContent(
  sources: ContentSources, commit: Pick<ReadCommit, 'contentLines'>, ref: ContentRef,
): Promise<string> {
  return originalOrRedacted(ref, (one) => readOriginal(sources, commit, one));
}

/**
 * What `ref` names in this commit, as it was.
 * @throws Fault object_missing, content_erased, content_not_kept, content_key_missing,
 *   archive_unavailable
 */
export async function readOriginal(
  sources: ContentSources, { contentLines }: Pick<ReadCommit, 'contentLines'>, ref: ContentRef,
): Promise<string> {
  const key = await sources.keys.keyOfContent(ref);
  if (ref.where === 'object') return openObject(await largeContent(sources, ref.sha256), ref, key);
  const text = openLine(contentLines, ref, key);
  if (text === null) throw new Fault('object_missing', `content ${ref.sha256} is not kept`);
  return text;
}

async function largeContent(
  { log, archive }: ContentSources, sha256: string,
): Promise<Uint8Array> {
  try {
    return await log.getObject(sha256);
  } catch (error) {
    if (!isFault(error, 'object_missing')) throw error;
    const bytes = await archive.objectBytes(sha256);
    if (bytes === null) throw error;
    return bytes;
  }
}
