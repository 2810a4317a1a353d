// How many jobs of a partition have no end yet, by priority class and by where they are.
import type { Priority } from '@libs/events/job-events';
import type { PartitionState } from './partition-state';

export interface PhaseCounts {
  waiting: number;
  deferred: number;
  running: number;
}

export type QueueDepth = Readonly<Record<Priority, PhaseCounts>>;

/** Looks at every open job: for operators' questions, not for the path of a request. */
export function queueDepth(state: PartitionState): QueueDepth {
  const none = (): PhaseCounts => ({ waiting: 0, deferred: 0, running: 0 });
  const depth = { interactive: none(), normal: none(), batch: none() };
  for (const { phase, submitted } of state.jobs.values()) {
    // An ended job is still there while a webhook is owed.
    if (phase === 'settled' || phase === 'deduplicated') continue;
    depth[submitted.priority][phase] += 1;
  }
  return depth;
}
