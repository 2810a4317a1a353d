// Deliveries about alerts of a customer, to its own endpoints: the router's fold has them, for a week
// and as long as they are under way. Deliveries about jobs are in the archive.
import { alertType, alertTypes } from '@libs/events/alert-events';
import { type VirtualKey } from '@libs/governance/state';
import { askAlerts } from '../shared/ask-alerts';
import { type Edge } from '../shared/edge';
import { type DeliveryRecord } from '../shared/job-archive';

export interface AlertDeliveryView extends Omit<DeliveryRecord, 'job_id'> {
  readonly job_id: null;
  readonly alert_id: string;
  readonly type: string;
}

/** Newest first. Whoever asked for no alerts needs no answer of a router. */
export async function alertDeliveries(
  edge: Edge, key: VirtualKey,
): Promise<readonly AlertDeliveryView[]> {
  const types: readonly string[] = alertType.options;
  const own = new Set<string>();
  for (const { id, tenant, events } of edge.governance.state.endpoints.values()) {
    if (tenant === key.tenant && events.some((type) => types.includes(type))) own.add(id);
  }
  if (own.size === 0) return [];
  const alerts = await askAlerts(edge, key.tenant);
  return alerts.flatMap(({ id: alertId, kind, deliveries }) =>
    deliveries.filter(({ endpoint_id: endpoint }) => own.has(endpoint)).map((delivery) =>
      ({ ...delivery, job_id: null, alert_id: alertId, type: alertTypes[kind] })));
}

export async function alertDelivery(
  edge: Edge, key: VirtualKey, id: string,
): Promise<AlertDeliveryView | null> {
  return (await alertDeliveries(edge, key)).find((one) => one.id === id) ?? null;
}
