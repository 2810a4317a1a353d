// Raises an alert of the past again: from the fold up to what the router had seen then, at its time.
import type { AlertData } from '@libs/events/alert-events';
import type { PartitionState } from '../partition-state';
import { budgetAlerts } from './budget-alerts';
import { type AlertTick, alertDraft } from './decide-alerts';
import type { Due } from './due';
import { expiringKeys } from './key-alerts';
import { unknownOutcomes } from './outcome-alerts';
import { providerAlerts } from './provider-alerts';

/** The same kind of alert under the same id as it comes out now; null: it is not due. */
export function raiseAgain(
  state: PartitionState, tick: AlertTick,
  { id, data }: { readonly id: string; readonly data: AlertData },
): { readonly type: string; readonly data: AlertData } | null {
  const due = dueNow(state, tick, data).find((one) => one.id === id);
  if (due === undefined) return null;
  const draft = alertDraft(due, tick);
  return { type: draft.type, data: draft.data };
}

function dueNow(state: PartitionState, tick: AlertTick, data: AlertData): readonly Due[] {
  switch (data.alert) {
    case 'budget_threshold': return budgetAlerts(state.ledger, data.account, tick);
    case 'key_expiring': return expiringKeys(tick, state.partition).due;
    case 'outcome_unknown': return unknownOutcomes(state.alerts, tick).due;
    case 'price_unknown': case 'provider_key_disabled': return providerAlerts(tick);
  }
}
