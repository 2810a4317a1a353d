// Reads how a job ended at the position of its terminal event.
import { type LinePosition } from '@libs/events/content';
import { type AnyEvent } from '@libs/events/envelope';
import { Fault, isFault } from '@libs/faults/faults';
import { type Outcome, outcomeOfEvent, resultRef } from './outcome';
import { type ContentSources, readCommit, type ReadCommit, readContent } from './read-content';

/** @throws Fault object_missing, archive_unavailable, log_unavailable */
export async function readOutcome(
  sources: ContentSources, job: string, position: LinePosition,
): Promise<Outcome> {
  const commit = await readCommit(sources, position.sequence);
  const event = commit.events(position.line);
  if (event?.subject !== job) {
    const where = `${position.sequence}/${position.line}`;
    throw new Fault('object_missing', `no event of ${job} at ${where}`);
  }
  try {
    return outcomeOfEvent(event, await bodyOf(sources, commit, event));
  } catch (error) {
    if (isFault(error, 'content_erased')) return unreadable(event, error.rule.httpStatus, erased);
    if (isFault(error, 'content_not_kept')) {
      const { message, code, rule } = error;
      return unreadable(event, rule.httpStatus, { class: code, message });
    }
    if (!isFault(error, 'content_key_missing')) throw error;
    return unreadable(event, error.rule.httpStatus, { class: error.code, message: keyMissing });
  }
}

async function bodyOf(
  sources: ContentSources, commit: ReadCommit, event: AnyEvent,
): Promise<string | null> {
  const ref = resultRef(event);
  return ref === null ? null : readContent(sources, commit, ref);
}

/** Asking again changes nothing: whoever waits for the answer is told so, like who fetches it. */
function unreadable(event: AnyEvent, httpStatus: number, error: Outcome['error']): Outcome {
  return { ...outcomeOfEvent(event, null), status: 'failed', httpStatus, error };
}

const erased = { class: 'content_erased', message: 'The content of this job was erased.' };
const keyMissing = 'The key of this content is not there; an operator can look for it in a backup.';
