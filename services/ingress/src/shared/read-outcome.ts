// Reads how a job ended at the position of its terminal event: from the log, or from the archive
// where the log was trimmed already.
import { type AnyEvent } from '@libs/events/envelope';
import { type LinePosition } from '@libs/events/content';
import { parseEventLine, splitCommit } from '@libs/events/parse-commit';
import { Fault, isFault } from '@libs/faults/faults';
import { findContent } from '@libs/log/content';
import { type EventLog } from '@libs/log/log';
import { type JobArchive } from './job-archive';
import { type Outcome, outcomeOfEvent, resultRef } from './outcome';

export interface OutcomeSources {
  readonly log: EventLog;
  readonly archive: JobArchive;
}

/** @throws Fault object_missing, archive_unavailable, log_unavailable */
export async function readOutcome(
  sources: OutcomeSources, job: string, position: LinePosition,
): Promise<Outcome> {
  const commit = await readCommit(sources, position.sequence);
  const event = commit.events(position.line);
  if (event?.subject !== job) {
    const where = `${position.sequence}/${position.line}`;
    throw new Fault('object_missing', `no event of ${job} at ${where}`);
  }
  const ref = resultRef(event);
  if (ref === null) return outcomeOfEvent(event, null);
  if (ref.where === 'object') {
    return outcomeOfEvent(event, await readLargeContent(sources, ref.sha256));
  }
  const body = findContent(commit.contentLines, ref.sha256);
  if (body === null) throw new Fault('object_missing', `content ${ref.sha256} is not kept`);
  return outcomeOfEvent(event, body);
}

export interface ReadCommit {
  readonly events: (line: number) => AnyEvent | undefined;
  readonly contentLines: readonly string[];
}

/** The commit from the log, else from the archive. */
export async function readCommit(
  { log, archive }: OutcomeSources, sequence: number,
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

export async function readLargeContent(
  { log, archive }: OutcomeSources, sha256: string,
): Promise<string> {
  try {
    return await log.getObject(sha256);
  } catch (error) {
    if (!isFault(error, 'object_missing')) throw error;
    const text = await archive.objectText(sha256);
    if (text === null) throw error;
    return text;
  }
}
