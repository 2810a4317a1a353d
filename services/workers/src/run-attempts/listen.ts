// The signals a worker hears and gives: cancels, health, questions about running jobs, heartbeats.
import {
  type CancelSignal, type DeltasAnswer, type HealthSignal, type WorkerHeartbeat,
} from '@libs/signals/ask-messages';
import { signalSubjects, type Signals, type SignalSubscription } from '@libs/signals/signals';
import { type ClosedKeys } from './closed-keys';
import { type RunningJobs } from './running-jobs';

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
    signals.subscribe(signalSubjects.deltas('*'), (_, subject, respond) => {
      const job = running.find(subject.slice('deltas.'.length));
      if (job?.attempt == null || respond === null) return;
      const answer: DeltasAnswer = { attempt: job.attempt, deltas: job.deltas };
      respond(JSON.stringify(answer));
    }),
  ];
  return { stop: () => subscriptions.forEach((one) => one.stop()) };
}

export function heartbeat(signals: Signals, beat: WorkerHeartbeat): void {
  signals.publish(signalSubjects.workerHeartbeat, JSON.stringify(beat));
}
