// The part of a partition's fold that is about alerts: raised ones, and the deliveries of their
// webhooks, which take the same steps as those of jobs.
import type { LinePosition } from '@libs/events/content';
import type { AnyEvent, HoldfastEvent } from '@libs/events/envelope';
import { afterDelivery, type DeliveryEvent } from '@libs/jobs/evolve-webhook';
import type { PartitionState } from '../partition-state';
import { moveTimer } from '../timers';
import { addDelivery, deliveryWakeMs } from '../work-lists';
import {
  type AlertWebhook, isAlertDelivery, onceKey, raise, type RaisedAlert, withDelivery,
} from './alert-table';
import { markTold } from './unknown-ends';

type AlertEvent = HoldfastEvent<'AlertRaised'> | DeliveryEvent;

interface Where {
  readonly at: LinePosition;
  readonly appendedAtMs: number;
}

/** Most events are not: the type alone says so. */
export function isAlertEvent(event: AnyEvent): event is AlertEvent {
  return event.type === 'AlertRaised' || (isDeliveryEvent(event) && isAlertDelivery(event.data.delivery));
}

function isDeliveryEvent(event: AnyEvent): event is DeliveryEvent {
  return event.type === 'WebhookDue' || event.type === 'WebhookDelivered'
    || event.type === 'WebhookAttemptFailed' || event.type === 'WebhookExhausted'
    || event.type === 'WebhookRedeliverRequested';
}

export function foldAlertEvent(state: PartitionState, event: AlertEvent, where: Where): void {
  if (event.type === 'AlertRaised') foldRaised(state, event, where);
  else foldDelivery(state, event, where);
}

function foldRaised(
  state: PartitionState, event: HoldfastEvent<'AlertRaised'>, where: Where,
): void {
  const { subject: id, tenant, data } = event;
  state.work?.deciding.delete(onceKey(id, tenant, data));
  const alert = raise(state.alerts, event, where);
  if (alert === null) return;
  if (data.alert === 'outcome_unknown') {
    const { provider, until_ms: untilMs } = data;
    markTold(state.alerts.unknown, id, { tenant, provider, untilMs });
  }
  if (state.work === null) return;
  for (const { delivery, endpointId } of alert.deliveries) {
    addDelivery(state.work, endpointId, delivery);
  }
}

function foldDelivery(state: PartitionState, event: DeliveryEvent, where: Where): void {
  const { delivery } = event.data;
  const found = findDelivery(state, delivery);
  if (found === null) {
    state.strangers += 1;
  } else {
    const before = found.webhook;
    const moved = afterDelivery(before, event);
    if (moved !== before) {
      keep(state, { alert: found.alert, before, after: noteWord(moved, event) }, event, where);
    }
  }
  if (state.work?.deciding.get(delivery)?.draft.type === event.type) {
    state.work.deciding.delete(delivery);
  }
}

/** A try without a status keeps the one before. */
function noteWord(webhook: AlertWebhook, event: DeliveryEvent): AlertWebhook {
  switch (event.type) {
    case 'WebhookDue': case 'WebhookRedeliverRequested': return webhook;
    case 'WebhookDelivered':
      return { ...webhook, lastStatus: event.data.status, lastMessage: 'delivered' };
    case 'WebhookAttemptFailed': {
      const { status, message } = event.data;
      return { ...webhook, lastStatus: status ?? webhook.lastStatus, lastMessage: message };
    }
    case 'WebhookExhausted': return { ...webhook, lastMessage: event.data.message };
  }
}

export interface AlertDelivery {
  readonly alert: RaisedAlert;
  readonly webhook: AlertWebhook;
}

/** null: there is none, or it is forgotten. */
export function findDelivery(
  { alerts }: Pick<PartitionState, 'alerts'>, delivery: string,
): AlertDelivery | null {
  const alert = alerts.raised.get(alerts.byDelivery.get(delivery) ?? '');
  const webhook = alert?.deliveries.find((one) => one.delivery === delivery);
  return alert === undefined || webhook === undefined ? null : { alert, webhook };
}

function keep(
  state: PartitionState,
  { alert, before, after }: {
    readonly alert: RaisedAlert; readonly before: AlertWebhook; readonly after: AlertWebhook;
  },
  event: DeliveryEvent, { appendedAtMs }: Where,
): void {
  const { delivery, endpointId } = after;
  const beforeMs = deliveryWakeMs(state, delivery, before);
  state.alerts.raised.set(alert.id, withDelivery(alert, after));
  const isUnderWay = after.status === 'pending' && after.nextAtMs === null;
  if (isUnderWay && event.type === 'WebhookDue') {
    state.deliveriesUnderWay.set(delivery, { endpointId, sinceMs: appendedAtMs });
  } else if (!isUnderWay) {
    state.deliveriesUnderWay.delete(delivery);
  }
  const { work } = state;
  if (work === null) return;
  moveTimer(work.timers, delivery, beforeMs, deliveryWakeMs(state, delivery, after));
  if (after.nextAtMs !== null) addDelivery(work, endpointId, delivery);
}
