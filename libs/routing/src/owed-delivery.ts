// One delivery that is owed: of a settled job, named by the job, or of an alert, named by itself.
import { alertTypes } from '@libs/events/alert-events';
import type { DraftOf, EventDraft } from '@libs/events/envelope';
import { dueWebhook } from '@libs/jobs/decide-webhook';
import type { JobState, SettledJob, WebhookProgress } from '@libs/jobs/state';
import { isAlertDelivery } from './alerts/alert-table';
import { alertView } from './alerts/alert-view';
import { type AlertDelivery, findDelivery } from './alerts/fold-alerts';
import type { PartitionState, WorkLists } from './partition-state';
import { deliverySilenceMs } from './work-lists';

export interface Owed {
  /** As in the owner's lists. */
  readonly id: string;
  readonly subject: string;
  readonly tenant: string;
  readonly webhook: WebhookProgress;
  /** What its endpoint must want; null: it was asked when this became owed. */
  readonly wanted: string | null;
  /** The next try. */
  readonly next: (webhook: WebhookProgress, nowMs: number) => EventDraft | null;
}

/** null: nothing is owed any more, or it is being decided. */
export function owedDelivery(state: PartitionState, work: WorkLists, id: string): Owed | null {
  if (work.deciding.has(id)) return null;
  const owed = isAlertDelivery(id) ? owedOfAlert(id, findDelivery(state, id))
    : owedOfJob(state.jobs.get(id));
  return owed?.webhook.status === 'pending' ? owed : null;
}

/** The next try; the same one again when nothing was heard of it for long. */
export function nextTry(state: PartitionState, owed: Owed, nowMs: number): EventDraft | null {
  const { id, webhook } = owed;
  const sinceMs = state.deliveriesUnderWay.get(id)?.sinceMs;
  const isSilent = sinceMs !== undefined && nowMs - sinceMs >= deliverySilenceMs;
  return owed.next(isSilent ? { ...webhook, nextAtMs: nowMs } : webhook, nowMs);
}

export function givenUp(
  { subject, tenant, webhook }: Owed, message: string,
): DraftOf<'WebhookExhausted'> {
  const { delivery, endpointId, tries } = webhook;
  return {
    type: 'WebhookExhausted', subject, tenant,
    data: { delivery, endpoint_id: endpointId, try: tries, duration_ms: 0, message },
  };
}

function owedOfJob(job: JobState | undefined): Owed | null {
  if (job?.phase !== 'settled' || job.webhook === null) return null;
  const settled: SettledJob = job;
  return {
    id: job.id, subject: job.id, tenant: job.tenant, webhook: job.webhook,
    wanted: `job.${job.status}`,
    next: (webhook, nowMs) => {
      const decision = dueWebhook({ ...settled, webhook }, nowMs);
      return decision.ok ? decision.events[0] ?? null : null;
    },
  };
}

function owedOfAlert(id: string, found: AlertDelivery | null): Owed | null {
  if (found === null) return null;
  const { alert, webhook } = found;
  const { id: subject, tenant, data, at } = alert;
  return {
    id, subject, tenant, webhook, wanted: null,
    next: ({ delivery, endpointId, tries, nextAtMs }, nowMs) =>
      (nextAtMs === null || nextAtMs > nowMs ? null : {
        type: 'WebhookDue', subject, tenant,
        data: {
          delivery, endpoint_id: endpointId, try: tries + 1, event_type: alertTypes[data.alert],
          job: {}, terminal: at, alert: { ...alertView(alert) },
        },
      }),
  };
}
