// Webhooks: hands a due delivery to the workers. Endpoints are metered like provider keys, so
// that a dead receiver delays nobody else's.
import type { DraftOf, EventDraft } from '@libs/events/envelope';
import type { GovernanceState } from '@libs/governance/state';
import { dueWebhook } from '@libs/jobs/decide-webhook';
import type { JobState, SettledJob, WebhookProgress } from '@libs/jobs/state';
import type { PartitionState, WorkLists } from './partition-state';
import { deliverySilenceMs } from './work-lists';

/** Tries under way at one endpoint: enough for a fast receiver, bearable for a slow one. */
const underWayPerEndpointMax = 4;
/** As many as routings in one commit: one worker takes the whole commit. */
const deliveriesPerCommitMax = 32;

interface Moment {
  readonly governance: GovernanceState;
  readonly nowMs: number;
}

export function decideDeliveries(
  state: PartitionState, work: WorkLists,
  { tick: moment, most }: { readonly tick: Moment; readonly most: number }, drafts: EventDraft[],
): void {
  if (work.deliveries.size === 0) return;
  const busy = busyEndpoints(state, work);
  let left = Math.min(deliveriesPerCommitMax, most - drafts.length);
  for (const [endpointId, due] of work.deliveries) {
    for (const id of due) {
      if (left <= 0) return;
      const job = owing(state, work, id);
      if (job === null) {
        due.delete(id);
        continue;
      }
      const closed = closedBecause(moment.governance, endpointId, job);
      const count = busy.get(endpointId) ?? 0;
      if (closed === null && count >= underWayPerEndpointMax) break;
      due.delete(id);
      const draft = closed === null ? next(state, job, moment.nowMs) : givenUp(job, closed);
      if (draft === null) continue;
      busy.set(endpointId, count + 1);
      work.deciding.set(id, { draft, slot: null });
      drafts.push(draft);
      left -= 1;
    }
    if (due.size === 0) work.deliveries.delete(endpointId);
  }
}

type Owing = SettledJob & { readonly webhook: WebhookProgress };

function owing(state: PartitionState, work: WorkLists, id: string): Owing | null {
  const job: JobState | undefined = state.jobs.get(id);
  if (job?.phase !== 'settled' || work.deciding.has(id)) return null;
  return job.webhook?.status === 'pending' ? (job as Owing) : null;
}

/** The next try; the same one again when nothing was heard of it for long. */
function next(state: PartitionState, job: Owing, nowMs: number): EventDraft | null {
  const sinceMs = state.deliveriesUnderWay.get(job.id)?.sinceMs;
  const silent = sinceMs !== undefined && nowMs - sinceMs >= deliverySilenceMs;
  const asked = silent ? { ...job, webhook: { ...job.webhook, nextAtMs: nowMs } } : job;
  const decision = dueWebhook(asked, nowMs);
  return decision.ok ? decision.events[0] ?? null : null;
}

function closedBecause(
  governance: GovernanceState, endpointId: string, job: SettledJob,
): string | null {
  const endpoint = governance.endpoints.get(endpointId);
  if (endpoint === undefined) return 'there is no such endpoint';
  if (endpoint.state !== 'active') return `the endpoint is ${endpoint.state}`;
  const type = `job.${job.status}`;
  if (endpoint.events.length === 0 || endpoint.events.includes(type)) return null;
  return `the endpoint does not want ${type}`;
}

function givenUp(job: Owing, message: string): DraftOf<'WebhookExhausted'> {
  const { delivery, endpointId, tries } = job.webhook;
  return {
    type: 'WebhookExhausted',
    subject: job.id,
    tenant: job.tenant,
    data: { delivery, endpoint_id: endpointId, try: tries, duration_ms: 0, message },
  };
}

function busyEndpoints(state: PartitionState, work: WorkLists): Map<string, number> {
  const busy = new Map<string, number>();
  const count = (endpointId: string): void => {
    busy.set(endpointId, (busy.get(endpointId) ?? 0) + 1);
  };
  for (const { endpointId } of state.deliveriesUnderWay.values()) count(endpointId);
  for (const { draft } of work.deciding.values()) {
    if (draft.type === 'WebhookDue') count(draft.data.endpoint_id);
  }
  return busy;
}
