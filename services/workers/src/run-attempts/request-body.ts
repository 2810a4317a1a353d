// Finds the body of a routed job: in its own commit, at its submission, or in the object store.
import { type Catalogue } from '@libs/events/catalogue';
import { type ContentRef, type LinePosition } from '@libs/events/content';
import { isFault } from '@libs/faults/faults';
import { findContent } from '@libs/log/content';
import { type Commit, type EventLog } from '@libs/log/log';
import { keepTrying } from '../shared/keep-trying';

type Routed = Catalogue['JobRouted'];

/** The body if the commit that routed the job repeats it: the usual case, without waiting. */
export function repeatedBody(commit: Commit, routed: Routed): string | null {
  return routed.body.where === 'line' ? findContent(commit.contentLines, routed.body.sha256) : null;
}

/** The body read back; null when it is gone. Waits for a log that is away. */
export async function storedBody(
  log: EventLog, routed: Routed, givenUp: () => boolean,
): Promise<string | null> {
  return storedContent(log, { ref: routed.body, at: routed.submission }, givenUp);
}

/** Content of the event at `at`; null when it is gone. */
export async function storedContent(
  log: EventLog, { ref, at }: { readonly ref: ContentRef; readonly at: LinePosition },
  givenUp: () => boolean,
): Promise<string | null> {
  if (ref.where === 'object') {
    try {
      return await keepTrying(() => log.getObject(ref.sha256), givenUp);
    } catch (error) {
      if (isFault(error, 'object_missing')) return null;
      throw error;
    }
  }
  const commit = await keepTrying(() => log.readAt(at.sequence), givenUp);
  return commit === null ? null : findContent(commit.contentLines, ref.sha256);
}
