// The signals a worker hears and gives: cancels, health, questions about running jobs, heartbeats.
import {
  type AskDeltas, type CancelSignal, type DeltasAnswer, type HealthSignal, type WorkerHeartbeat,
} from '@libs/signals/ask-messages';
import { signalSubjects, type Signals, type SignalSubscription } from '@libs/signals/signals';
import { type SurfaceEvent } from '@libs/surfaces/surface';
import { type ClosedKeys } from './closed-keys';
import { type RunningJobs } from './running-jobs';

/** Characters of deltas in one answer: with JSON's escapes below the server's 1 MB of payload. */
const answerLengthMax = 256 * 1024;

export interface Listening {
  readonly signals: Signals;
  readonly running: RunningJobs;
  readonly closedKeys: ClosedKeys;
  readonly now: () => number;
}

export function listen({ signals, running, closedKeys, now }: Listening): SignalSubscription {
  const subscriptions = [
    signals.subscribe(signalSubjects.cancel('*'), (text) => {
      const { job, by } = JSON.parse(text) as CancelSignal;
      running.cancel(job, by);
    }),
    signals.subscribe(signalSubjects.health, (text) => {
      closedKeys.hear(JSON.parse(text) as HealthSignal, now());
    }),
    signals.subscribe(signalSubjects.deltas('*'), (text, subject, respond) => {
      const job = running.streamed(subject.slice('deltas.'.length), now());
      if (job?.attempt == null || respond === null) return;
      const asked = JSON.parse(text === '' ? '{}' : text) as Partial<AskDeltas>;
      const { attempt, base, deltas } = job;
      // Ids are in the order of time. This worker was paused, and another one has the job now.
      if (asked.attempt != null && asked.attempt > attempt) return;
      respond(JSON.stringify(deltasFrom({ attempt, base, deltas }, asked)));
    }),
  ];
  return { stop: () => subscriptions.forEach((one) => one.stop()) };
}

interface Streamed {
  readonly attempt: string;
  readonly base: number;
  readonly deltas: readonly SurfaceEvent[];
}

/** What is asked for, as far as it fits one answer; the asker comes again for the rest. */
function deltasFrom(
  { attempt, base, deltas }: Streamed, asked: Partial<AskDeltas>,
): DeltasAnswer {
  const from = Math.max(base, asked.attempt === attempt ? asked.from ?? 0 : 0);
  let size = 0;
  const rest = deltas.slice(from - base);
  const fitting = rest.findIndex(({ data }) => (size += data.length) > answerLengthMax);
  return { attempt, from, deltas: fitting === -1 ? rest : rest.slice(0, Math.max(1, fitting)) };
}

export function heartbeat(signals: Signals, beat: WorkerHeartbeat): void {
  signals.publish(signalSubjects.workerHeartbeat, JSON.stringify(beat));
}
