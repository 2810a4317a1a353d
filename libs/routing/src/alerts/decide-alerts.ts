// What the owner of a partition raises now: of its customers, and as owner of partition 0 of the
// providers. A pure function of state, governance, load and time; each once, whatever comes between.
import { alertTypes } from '@libs/events/alert-events';
import type { DraftOf, EventDraft } from '@libs/events/envelope';
import { alertEndpoints } from '@libs/governance/alert-endpoints';
import type { GovernanceState } from '@libs/governance/state';
import type { PartitionState, WorkLists } from '../partition-state';
import type { ProviderLoad } from '../provider-load';
import { mayRaise, onceKey } from './alert-table';
import type { AlertLooks } from './alert-looks';
import { budgetAlerts } from './budget-alerts';
import { changedBudgets } from './changed-budgets';
import type { Due } from './due';
import { expiringKeys } from './key-alerts';
import { unknownOutcomes } from './outcome-alerts';
import { providerAlerts } from './provider-alerts';

export interface AlertTick {
  readonly governance: GovernanceState;
  readonly load: ProviderLoad;
  readonly nowMs: number;
  readonly seen: number;
  readonly partitionCount: number;
}

/** Of about 1 KB each, beside the routings of a commit. */
const alertsPerCommitMax = 16;
/** Partition whose owner raises what belongs to no customer. */
const systemPartition = 0;

export function decideAlerts(
  state: PartitionState, work: WorkLists,
  { tick, most }: { readonly tick: AlertTick; readonly most: number }, drafts: EventDraft[],
): void {
  const room = Math.min(alertsPerCommitMax, most - drafts.length);
  if (room <= 0 || !isDue(state, work, tick)) return;
  let left = room;
  for (const due of allDue(state, work, tick)) {
    const draft = alertDraft(due, tick);
    const key = onceKey(due.id, due.tenant, draft.data);
    if (state.alerts.raised.has(due.id) || work.deciding.has(key)) continue;
    if (!mayRaise(state.alerts, key, tick.nowMs)) continue;
    if (left === 0) {
      // Some of what was looked at is left over.
      lookAgain(state, work, draft);
      continue;
    }
    left -= 1;
    work.deciding.set(key, { draft, slot: null });
    drafts.push(draft);
  }
}

/** What was decided is not so: what led to it is looked at again. */
export function lookAgain(
  { ledger }: PartitionState, { alerts }: WorkLists, { data }: DraftOf<'AlertRaised'>,
): void {
  switch (data.alert) {
    case 'budget_threshold': ledger.touched.add(data.account); return;
    case 'key_expiring': alerts.governance = -1; return;
    case 'price_unknown': case 'provider_key_disabled': alerts.notices = -1; return;
    case 'outcome_unknown': alerts.nextUnknownMs = -Infinity; return;
  }
}

function isDue(
  { ledger, alerts, partition }: PartitionState, { alerts: looks }: WorkLists, tick: AlertTick,
): boolean {
  return ledger.touched.size > 0
    || looks.governance !== tick.governance.sequence || tick.nowMs >= looks.nextKeyMs
    || tick.nowMs >= looks.nextRaiseEndMs || looks.unknownNoted !== alerts.unknownNoted || tick.nowMs >= looks.nextUnknownMs
    || (partition === systemPartition && looks.notices !== tick.load.notices);
}

function allDue(state: PartitionState, work: WorkLists, tick: AlertTick): Due[] {
  const { alerts: looks } = work;
  const found: Due[] = [];
  noteChangedBudgets(state, looks, tick);
  for (const account of state.ledger.touched) {
    found.push(...budgetAlerts(state.ledger, account, tick));
  }
  state.ledger.touched.clear();
  if (looks.governance !== tick.governance.sequence || tick.nowMs >= looks.nextKeyMs) {
    const keys = expiringKeys(tick, state.partition);
    found.push(...keys.due);
    looks.nextKeyMs = keys.nextMs;
  }
  found.push(...unknownDue(state, looks, tick));
  if (state.partition === systemPartition && looks.notices !== tick.load.notices) {
    looks.notices = tick.load.notices;
    found.push(...providerAlerts(tick));
  }
  looks.governance = tick.governance.sequence;
  return found;
}

function noteChangedBudgets({ ledger, partition }: PartitionState, looks: AlertLooks, tick: AlertTick): void {
  if (looks.governance === tick.governance.sequence && tick.nowMs < looks.nextRaiseEndMs) return;
  const { accounts, nextMs } = changedBudgets(tick, { partition, before: looks.budgets });
  for (const account of accounts) ledger.touched.add(account);
  looks.budgets = { limits: tick.governance.limits, atMs: tick.nowMs };
  looks.nextRaiseEndMs = nextMs;
}

/** New ones are not due before the time set; that may have been changed. */
function unknownDue({ alerts }: PartitionState, looks: AlertLooks, tick: AlertTick): Due[] {
  const { governance, nowMs } = tick;
  if (looks.unknownNoted !== alerts.unknownNoted) {
    looks.unknownNoted = alerts.unknownNoted;
    const soonestMs = nowMs + governance.alerts.outcome_unknown_after_ms;
    looks.nextUnknownMs = Math.min(looks.nextUnknownMs, soonestMs);
  }
  if (looks.governance === governance.sequence && nowMs < looks.nextUnknownMs) return [];
  const { due, nextMs } = unknownOutcomes(alerts, tick);
  looks.nextUnknownMs = nextMs;
  return due;
}

export function alertDraft(
  { id, tenant, data }: Due, { governance, seen, nowMs }: AlertTick,
): DraftOf<'AlertRaised'> {
  const webhooks = alertEndpoints(governance, { type: alertTypes[data.alert], tenant });
  return {
    type: 'AlertRaised', subject: id, tenant,
    data: { ...data, webhooks, seen, now_ms: nowMs },
  };
}
