// What a worker does with one commit that it was handed: runs its jobs and delivers its webhooks at
// the same time, and is done with it when each of them has a durable end.
import { type HoldfastEvent } from '@libs/events/envelope';
import { type Delivery } from '@libs/log/work-queue';
import { type Signals } from '@libs/signals/signals';
import { deliverWebhook, type WebhookDeps } from './deliver-webhooks/deliver';
import { type HeldCommits } from './run-attempts/held-commits';
import { abandonAll, isRunSomewhere } from './run-attempts/redelivered';
import { type AttemptDeps, runJob } from './run-attempts/run-job';

export interface WorkDeps {
  readonly attempts: AttemptDeps;
  readonly webhooks: WebhookDeps;
  readonly held: HeldCommits;
  readonly signals: Signals;
}

/** `left`: a live worker has this commit and will ack it. */
export type Handled = 'done' | 'left';

/** A webhook may wait for its slot; jobs say themselves how long they may take. */
const webhooksHeldMs = 10 * 60_000;

/** @throws Fault when an end could not be made durable; the commit then comes again. */
export async function handleDelivery(deps: WorkDeps, delivery: Delivery): Promise<Handled> {
  const { commit, mayHaveRunBefore } = delivery;
  const { jobs, webhooks } = workIn(commit.events);
  if (jobs.length === 0 && webhooks.length === 0) return 'done';
  const { attempts, held } = deps;
  if (mayHaveRunBefore) {
    const isRun = await isRunSomewhere(commit.sequence, held, deps.signals);
    attempts.metrics.redelivered.inc({ became: isRun ? 'left' : 'abandoned' });
    if (isRun) return 'left';
  }
  const nowMs = attempts.now();
  const deadlineMs = Math.max(
    ...jobs.map(({ data }) => data.deadline_at_ms), webhooks.length > 0 ? nowMs + webhooksHeldMs : 0,
  );
  held.hold(delivery, deadlineMs, nowMs);
  try {
    const work = mayHaveRunBefore
      ? [abandonAll(attempts.log, commit, jobs, nowMs)]
      : jobs.map((event) => runJob(attempts, commit, event));
    for (const event of webhooks) work.push(deliverWebhook(deps.webhooks, commit, event));
    await allEnded(work);
  } finally {
    held.release(delivery);
  }
  return 'done';
}

interface Work {
  readonly jobs: readonly HoldfastEvent<'JobRouted'>[];
  readonly webhooks: readonly HoldfastEvent<'WebhookDue'>[];
}

/** The router's other events of the same subject are not for workers. */
function workIn(events: Delivery['commit']['events']): Work {
  const jobs: HoldfastEvent<'JobRouted'>[] = [];
  const webhooks: HoldfastEvent<'WebhookDue'>[] = [];
  for (const event of events) {
    if (event.type === 'JobRouted') jobs.push(event);
    else if (event.type === 'WebhookDue') webhooks.push(event);
  }
  return { jobs, webhooks };
}

/** Waits for all, also when one fails: the commit is given back only when nothing of it runs. */
async function allEnded(work: readonly Promise<void>[]): Promise<void> {
  const ends = await Promise.allSettled(work);
  const failed = ends.find((end) => end.status === 'rejected');
  if (failed !== undefined) throw failed.reason;
}
