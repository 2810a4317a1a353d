// Finds the body of a routed job: in its own commit, at its submission, or in the object store.
import { type ContentKeys } from '@libs/content-keys/content-keys';
import { type DataKey } from '@libs/content-keys/data-key';
import { openLine, openObject } from '@libs/content-keys/sealed-content';
import { type Catalogue } from '@libs/events/catalogue';
import { type ContentRef, type LinePosition } from '@libs/events/content';
import { isFault } from '@libs/faults/faults';
import { type Commit, type EventLog } from '@libs/log/log';
import { keepTrying } from '../shared/keep-trying';

type Routed = Catalogue['JobRouted'];

export interface ContentDeps {
  readonly log: EventLog;
  readonly keys: ContentKeys;
}

/** The body if the commit that routed the job repeats it: the usual case, without waiting. */
export function repeatedBody(commit: Commit, routed: Routed, key: DataKey | null): string | null {
  return routed.body.where === 'line' ? openLine(commit.contentLines, routed.body, key) : null;
}

/** The body read back; null when it is gone. Waits for a log that is away. */
export async function storedBody(
  deps: ContentDeps, routed: Routed, givenUp: () => boolean,
): Promise<string | null> {
  return storedContent(deps, { ref: routed.body, at: routed.submission }, givenUp);
}

/** Content of the event at `at`; null when it is gone. @throws Fault content_erased */
export async function storedContent(
  { log, keys }: ContentDeps, { ref, at }: { readonly ref: ContentRef; readonly at: LinePosition },
  givenUp: () => boolean,
): Promise<string | null> {
  try {
    const key = await keepTrying(() => keys.keyOfContent(ref), givenUp);
    if (ref.where === 'object') {
      return openObject(await keepTrying(() => log.getObject(ref.sha256), givenUp), ref, key);
    }
    const commit = await keepTrying(() => log.readAt(at.sequence), givenUp);
    return commit === null ? null : openLine(commit.contentLines, ref, key);
  } catch (error) {
    if (isFault(error, 'object_missing')) return null;
    throw error;
  }
}
