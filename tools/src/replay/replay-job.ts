// Makes a job's state again from the log alone: the fold that the router and the archive use.
import { type AnyEvent } from '@libs/events/envelope';
import { subjects } from '@libs/events/subjects';
import { evolve } from '@libs/jobs/evolve';
import { type JobState } from '@libs/jobs/state';
import { viewOf, type JobView } from '@libs/jobs/view';
import { type EventLog } from '@libs/log/log';
import { readableEvents } from '@libs/log/readable-events';

export interface ReplayedEvent {
  readonly sequence: number;
  readonly line: number;
  readonly event: AnyEvent;
}

export interface ReplayedJob {
  readonly events: readonly ReplayedEvent[];
  /** Null: the log knows no such job (any more). */
  readonly view: JobView | null;
}

/** Reads the whole log up to its end now, or up to `untilSequence`. */
export async function replayJob(
  log: EventLog, job: string, untilSequence: number | null,
): Promise<ReplayedJob> {
  const events: ReplayedEvent[] = [];
  let state: JobState | undefined;
  await readToEnd(log, (sequence, found) => {
    if (untilSequence !== null && sequence > untilSequence) return;
    found.forEach((event, line) => {
      if (event.subject !== job) return;
      events.push({ sequence, line, event });
      state = evolve(state, event, { sequence, line });
    });
  });
  return { events, view: state === undefined ? null : viewOf(state) };
}

async function readToEnd(
  log: EventLog, onCommit: (sequence: number, events: readonly AnyEvent[]) => void,
): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    log.follow({
      subjects: [subjects.job('*', '*'), subjects.webhook('*')],
      after: null,
      onCommit: (commit) => onCommit(commit.sequence, readableEvents(commit)),
      onStopped: reject,
    }).then(async (following) => {
      await following.caughtUp();
      await following.stop();
      resolve();
    }).catch(reject);
  });
}
