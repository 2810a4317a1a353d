// What was raised, as the owners of the partitions fold it.
import { isFault } from '@libs/faults/faults';
import { type AlertReport } from '@libs/routing/alerts/alert-report';
import { askRouter } from './ask-router';
import { type Edge } from './edge';

/** Alerts of one customer. @throws Fault router_unavailable */
export async function askAlerts(edge: Edge, tenant: string): Promise<readonly AlertReport[]> {
  return ask(edge, edge.partitionOf(tenant), tenant);
}

export interface AllAlerts {
  /** Newest first. */
  readonly alerts: readonly AlertReport[];
  /** Partitions that nobody owns now: theirs are missing. */
  readonly unanswered: readonly number[];
}

export async function askAllAlerts(edge: Edge): Promise<AllAlerts> {
  const alerts: AlertReport[] = [];
  const unanswered: number[] = [];
  for (let partition = 0; partition < edge.parts.partitionCount; partition += 1) {
    try {
      alerts.push(...await ask(edge, partition, null));
    } catch (error) {
      if (!isFault(error, 'router_unavailable')) throw error;
      unanswered.push(partition);
    }
  }
  alerts.sort((one, other) => (one.raised_at < other.raised_at ? 1 : -1));
  return { alerts, unanswered };
}

async function ask(
  edge: Edge, partition: number, tenant: string | null,
): Promise<readonly AlertReport[]> {
  const question = { jobs: [], watch: null, alerts: { tenant } };
  const { alerts = [] } = await askRouter(edge.signals, partition, question);
  return alerts as readonly AlertReport[];
}
