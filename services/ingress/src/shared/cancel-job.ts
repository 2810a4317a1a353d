// Orders the end of a job and waits a little for it.
import { type EventDraft } from '@libs/events/envelope';
import { cancelRequested } from './appends';
import { type Edge } from './edge';
import { JobFollow } from './follow-job';
import { type FoundJob } from './job-views';

/**
 * A worker ends a running call within a second or two; after that the answer is the job as it is.
 */
const settleWaitMs = 3_000;

export interface CancelOrder {
  readonly by: 'client' | 'admin';
  readonly reason?: string | null;
  /** What goes into the log together with it. */
  readonly also?: EventDraft;
}

/** @throws Fault log_unavailable, log_full */
export async function cancelJob(
  edge: Edge, { id: job, tenant }: FoundJob, { by, reason, also }: CancelOrder,
): Promise<void> {
  const follow = new JobFollow(edge.waiters, { job, partition: edge.partitionOf(tenant) });
  try {
    await edge.appends.record(
      cancelRequested({ job, tenant, by }, reason ?? null), also === undefined ? {} : { also });
    edge.waiters.ask(job);
    let timer: NodeJS.Timeout | undefined;
    const timeout = new Promise((resolve) => {
      timer = setTimeout(resolve, settleWaitMs);
    });
    await Promise.race([follow.end, timeout]);
    clearTimeout(timer);
  } finally {
    follow.stop();
  }
}
