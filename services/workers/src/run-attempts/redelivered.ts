// The rule for commits that may have been worked on before (architecture.md, section 3): a call to a
// provider is never made on the strength of a redelivery. Either a live worker has it, which then
// keeps it, or its end is unknown and the router decides again.
import { setTimeout as pause } from 'node:timers/promises';
import { type EventDraft, type HoldfastEvent } from '@libs/events/envelope';
import { partitionOfSubject, subjects } from '@libs/events/subjects';
import { isFault } from '@libs/faults/faults';
import { type Commit, type EventLog } from '@libs/log/log';
import { signalSubjects, type Signals, type SignalSubscription } from '@libs/signals/signals';
import { keepTrying } from '../shared/keep-trying';
import { writeFacts } from '../shared/write-facts';
import { type HeldCommits } from './held-commits';

/** A live worker answers within a millisecond; one that is busy for a second is as good as dead. */
const askTimeoutMs = 1_000;
/** While the connection is down a question fails at once. */
const unconnectedPauseMs = 250;

/** Whether a live worker, this one included, is running the commit. */
export async function isRunSomewhere(
  sequence: number, held: HeldCommits, signals: Signals,
): Promise<boolean> {
  for (;;) {
    if (held.has(sequence)) return true;
    try {
      await signals.request(signalSubjects.running(sequence), '', askTimeoutMs);
      return true;
    } catch (error) {
      if (!isFault(error, 'signal_timeout')) throw error;
      // Silence means something only when the question could be heard.
      if (signals.connected) return held.has(sequence);
      await pause(unconnectedPauseMs);
    }
  }
}

/** Answers other workers that ask what this one runs. */
export function answerRunning(
  held: HeldCommits, signals: Signals, instance: string,
): SignalSubscription {
  return signals.subscribe(signalSubjects.running('*'), (_, subject, respond) => {
    const sequence = Number(subject.slice(subject.lastIndexOf('.') + 1));
    if (held.has(sequence)) respond?.(instance);
  });
}

/** Says of each job that its end is not known. The router ignores it for those settled since. */
export async function abandonAll(
  log: EventLog, commit: Commit, jobs: readonly HoldfastEvent<'JobRouted'>[], nowMs: number,
): Promise<void> {
  if (jobs.length === 0) return;
  const partition = partitionOfSubject(commit.subject);
  if (partition === null) throw new Error(`${commit.subject} has no partition`);
  const drafts = jobs.map((event): EventDraft => ({
    type: 'AttemptAbandoned',
    subject: event.subject,
    tenant: event.tenant,
    causation: event.id,
    data: {
      routing: event.data.routing, attempt: null, reason: 'redelivered', content_sent: false,
    },
  }));
  const subject = subjects.job(partition, 'attempted');
  await keepTrying(() => writeFacts(log, subject, { drafts }, nowMs), () => false);
}
