// Keeps the owner's lists: jobs to decide now, jobs in the fair queue, timers, webhooks due.
import { notBeforeMs, runningJobGraceMs } from '@libs/jobs/decide-routing';
import type { JobState, WebhookProgress } from '@libs/jobs/state';
import { newAlertLooks } from './alerts/alert-looks';
import { enqueue, newFairQueue } from './fair-queue';
import { touchAll } from './ledger/ledger';
import type { PartitionState, WorkLists } from './partition-state';
import { moveTimer, newTimers } from './timers';

/** A delivery handed to the workers of which nothing is heard for this long is handed out again. */
export const deliverySilenceMs = 300_000;

export function buildWorkLists(state: PartitionState): WorkLists {
  const work: WorkLists = {
    urgent: new Set(), queue: newFairQueue(), timers: newTimers(), deciding: new Map(),
    reserved: new Map(), holdsDeciding: new Set(),
    deliveries: new Map(), parkedUntilMs: Infinity, triedVersion: -1, triedGovernance: -1,
    alerts: newAlertLooks(),
  };
  for (const job of state.jobs.values()) {
    moveTimer(work.timers, job.id, null, wakeMs(state, job));
    list(state, work, job);
  }
  for (const webhook of [...state.alerts.raised.values()].flatMap(({ deliveries }) => deliveries)) {
    const { delivery, endpointId, nextAtMs } = webhook;
    moveTimer(work.timers, delivery, null, deliveryWakeMs(state, delivery, webhook));
    if (nextAtMs !== null) addDelivery(work, endpointId, delivery);
  }
  touchAll(state.ledger);
  return work;
}

/** Brings the lists up to date after a job went from one state to another. */
export function relist(
  state: PartitionState, work: WorkLists, change: { before: JobState | undefined; after: JobState },
): void {
  const { before, after } = change;
  const beforeMs = before === undefined ? null : wakeMs(state, before);
  moveTimer(work.timers, after.id, beforeMs, wakeMs(state, after));
  if (before !== undefined && before.phase === after.phase && !asksAnew(before, after)) return;
  list(state, work, after);
}

/** Puts a job where its next decision is made. */
export function list(state: PartitionState, work: WorkLists, job: JobState): void {
  switch (job.phase) {
    case 'waiting':
    case 'deferred':
      if (isUrgent(state, job)) work.urgent.add(job.id);
      else if (job.phase === 'waiting' && notBeforeMs(job) === null) enqueueJob(work, job);
      else if (job.phase === 'waiting') work.urgent.add(job.id);
      return;
    case 'settled':
      if (job.webhook?.nextAtMs != null) addDelivery(work, job.webhook.endpointId, job.id);
      return;
    case 'running':
    case 'deduplicated':
      return;
  }
}

export function enqueueJob(work: WorkLists, job: JobState): void {
  const { submitted, tenant, id } = job;
  const extra = submitted.needs.length + submitted.fallbacks.length === 0
    ? '' : `\n${submitted.needs.join()}\n${submitted.fallbacks.join()}`;
  // What goes on with an answer has fewer targets than others of the same model.
  const more = job.continuing === undefined ? '' : '\ncontinues';
  // Over a rate limit a job that nobody waits for waits, another is refused: neither blocks the other.
  const waits = submitted.mode === 'async' ? `\nasync ${submitted.over_budget ?? ''}` : '';
  const lane = `${submitted.model}\n${submitted.key}\n${submitted.call.endpoint}${extra}${more}${waits}`;
  enqueue(work.queue, { id, tenant, priority: submitted.priority, lane });
}

/** `id`: of the job, or of an alert that of its delivery. */
export function addDelivery(work: WorkLists, endpointId: string, id: string): void {
  const due = work.deliveries.get(endpointId);
  if (due === undefined) work.deliveries.set(endpointId, new Set([id]));
  else due.add(id);
}

/** When this job needs a look although nothing happened to it; null: never. */
export function wakeMs(state: PartitionState, job: JobState): number | null {
  switch (job.phase) {
    case 'waiting': return Math.min(job.submitted.deadline_at_ms, notBeforeMs(job) ?? Infinity);
    case 'deferred':
      return Math.min(job.submitted.deadline_at_ms, notBeforeMs(job) ?? Infinity);
    case 'running': return job.submitted.deadline_at_ms + runningJobGraceMs;
    case 'settled': return job.webhook === null ? null : deliveryWakeMs(state, job.id, job.webhook);
    case 'deduplicated': return null;
  }
}

/** When a delivery is due, or has been silent for long; `id`: of its job, or of an alert its own. */
export function deliveryWakeMs(
  state: PartitionState, id: string, webhook: WebhookProgress,
): number | null {
  if (webhook.status !== 'pending') return null;
  if (webhook.nextAtMs !== null) return webhook.nextAtMs;
  const sinceMs = state.deliveriesUnderWay.get(id)?.sinceMs;
  return sinceMs === undefined ? null : sinceMs + deliverySilenceMs;
}

/** Decided at once, whatever the providers do. */
function isUrgent(state: PartitionState, job: JobState): boolean {
  return job.cancelRequestedBy !== null || state.exhausted.has(job.id)
    || state.verdicts.has(job.id) || job.contentSent;
}

/** The phase is the same, but there is something new to decide. */
function asksAnew(before: JobState, after: JobState): boolean {
  if (before.cancelRequestedBy !== after.cancelRequestedBy) return true;
  if (before.phase === 'deferred' && after.phase === 'deferred') return false;
  return before.phase === 'settled' && after.phase === 'settled'
    && before.webhook?.nextAtMs !== after.webhook?.nextAtMs;
}
