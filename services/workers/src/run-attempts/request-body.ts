// Finds the body of a routed job: in its own commit, at its submission, or in the object store.
import { type Catalogue } from '@libs/events/catalogue';
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
  const { body, submission } = routed;
  if (body.where === 'object') {
    try {
      return await keepTrying(() => log.getObject(body.sha256), givenUp);
    } catch (error) {
      if (isFault(error, 'object_missing')) return null;
      throw error;
    }
  }
  const commit = await keepTrying(() => log.readAt(submission.sequence), givenUp);
  return commit === null ? null : findContent(commit.contentLines, body.sha256);
}
