// Alerts with how they are now, for operators and for lists of deliveries.
import { priceOf } from '@libs/governance/prices';
import type { GovernanceState } from '@libs/governance/state';
import type { PartitionState } from '../partition-state';
import { keyName, type ProviderLoad } from '../provider-load';
import type { RaisedAlert } from './alert-table';
import { type AlertView, alertView } from './alert-view';
import { budgetAlerts } from './budget-alerts';

export interface AlertReport {
  /** As receivers see it. */
  readonly alert: AlertView;
  readonly kind: RaisedAlert['data']['alert'];
  readonly id: string;
  /** The customer; `system`: nobody's. */
  readonly tenant: string;
  readonly raised_at: string;
  /** What was told is still so. */
  readonly open: boolean;
  readonly deliveries: readonly AlertDeliveryReport[];
}

/** As deliveries about jobs are shown. */
export interface AlertDeliveryReport {
  readonly id: string;
  readonly endpoint_id: string;
  readonly status: string;
  readonly tries: number;
  /** Seconds since the epoch. */
  readonly next_at: number | null;
  readonly last_status: number | null;
  readonly last_message: string | null;
}

interface Sides {
  readonly governance: GovernanceState;
  readonly load: ProviderLoad;
  readonly nowMs: number;
}

/** Of 1 KB each: an answer stays below the payload limit of 1 MB. */
const reportsMax = 200;

/** Newest first. `tenant`: only this customer's; null: all. */
export function alertReports(
  state: PartitionState, sides: Sides, tenant: string | null,
): AlertReport[] {
  return [...state.alerts.raised.values()]
    .filter((alert) => tenant === null || alert.tenant === tenant)
    .slice(-reportsMax)
    .reverse()
    .map((alert) => reportOf(alert, isOpen(state, alert, sides)));
}

function reportOf(alert: RaisedAlert, open: boolean): AlertReport {
  const { id, tenant, data, raisedAtMs, deliveries } = alert;
  return {
    alert: alertView(alert), kind: data.alert, id, tenant, open,
    raised_at: new Date(raisedAtMs).toISOString(),
    deliveries: deliveries.map((webhook) => ({
      id: webhook.delivery, endpoint_id: webhook.endpointId, status: webhook.status,
      tries: webhook.tries, next_at: webhook.nextAtMs === null ? null : webhook.nextAtMs / 1000,
      last_status: webhook.lastStatus, last_message: webhook.lastMessage,
    })),
  };
}

function isOpen(
  { ledger, alerts }: PartitionState, { id, data }: RaisedAlert, sides: Sides,
): boolean {
  const { governance, load, nowMs } = sides;
  switch (data.alert) {
    case 'budget_threshold': return budgetAlerts(ledger, data.account, sides).some((due) =>
      due.data.alert === 'budget_threshold' && due.data.percent === data.percent
      && due.data.limit === data.limit);
    case 'key_expiring': {
      const key = governance.keys.get(data.key);
      const ends = key?.created.expires_at_ms === data.expires_at_ms;
      return ends && !key.revoked && nowMs < data.expires_at_ms;
    }
    case 'price_unknown': return priceOf(governance, data.provider, data.model) === null;
    case 'outcome_unknown':
      return [...alerts.unknown.values()].some(({ toldBy }) => toldBy === id);
    case 'provider_key_disabled': {
      const out = load.keys.get(keyName(data.provider, data.key))?.out;
      return out?.sinceMs === data.since_ms;
    }
  }
}
