// Webhooks: hands a due delivery to the workers. Endpoints are metered like provider keys, so
// that a dead receiver delays nobody else's.
import type { EventDraft } from '@libs/events/envelope';
import type { GovernanceState, WebhookEndpoint } from '@libs/governance/state';
import { givenUp, nextTry, type Owed, owedDelivery } from './owed-delivery';
import type { PartitionState, WorkLists } from './partition-state';

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
      const owed = owedDelivery(state, work, id);
      if (owed === null) {
        due.delete(id);
        continue;
      }
      const closed = closedBecause(moment.governance, endpointId, owed);
      const count = busy.get(endpointId) ?? 0;
      if (closed === null && count >= underWayPerEndpointMax) break;
      due.delete(id);
      const draft = closed === null ? nextTry(state, owed, moment.nowMs) : givenUp(owed, closed);
      if (draft === null) continue;
      busy.set(endpointId, count + 1);
      work.deciding.set(id, { draft, slot: null });
      drafts.push(draft);
      left -= 1;
    }
    if (due.size === 0) work.deliveries.delete(endpointId);
  }
}

function closedBecause(
  governance: GovernanceState, endpointId: string, { wanted }: Owed,
): string | null {
  const endpoint = governance.endpoints.get(endpointId);
  if (endpoint === undefined) return 'there is no such endpoint';
  if (endpoint.state !== 'active') return `the endpoint is ${endpoint.state}`;
  if (wanted === null || wantsJob(endpoint, wanted)) return null;
  return `the endpoint does not want ${wanted}`;
}

/** One that names no types wants those of jobs, all of them. */
function wantsJob({ events }: WebhookEndpoint, type: string): boolean {
  return events.length === 0 || events.includes(type);
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
