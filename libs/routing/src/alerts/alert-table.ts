// What was raised in one partition, and how far its webhooks are: part of the fold. Values are
// immutable, so that a snapshot may keep them while the fold goes on.
import type { AlertData } from '@libs/events/alert-events';
import type { LinePosition } from '@libs/events/content';
import type { HoldfastEvent } from '@libs/events/envelope';
import { firstTry } from '@libs/jobs/evolve-webhook';
import type { WebhookProgress } from '@libs/jobs/state';
import { slotKeptMs } from '../ledger/windows';
import type { UnknownEnd } from './unknown-ends';

/** A delivery, and the receiver's last word on it. */
export interface AlertWebhook extends WebhookProgress {
  readonly lastStatus: number | null;
  readonly lastMessage: string | null;
}

export interface RaisedAlert {
  readonly id: string;
  /** The customer; `system`: nobody's. */
  readonly tenant: string;
  readonly data: AlertData;
  /** Where its `AlertRaised` stands, and the log's time of it. */
  readonly at: LinePosition;
  readonly raisedAtMs: number;
  /** One for each endpoint that is told. */
  readonly deliveries: readonly AlertWebhook[];
}

export interface AlertTable {
  /** By id, in the order raised. */
  readonly raised: Map<string, RaisedAlert>;
  /** Until when the same is not raised again, by its key; null: for ever. Follows from `raised`. */
  readonly until: Map<string, number | null>;
  /** Alert by delivery. Follows from `raised`. */
  readonly byDelivery: Map<string, string>;
  /** Calls whose end nobody has learned, by job and routing, oldest first. */
  readonly unknown: Map<string, UnknownEnd>;
  /** Counts up with each new one of these. Not part of the state. */
  unknownNoted: number;
}

const dayMs = 86_400_000;
/** For those who look or have a delivery sent again. */
const keptMs = 7 * dayMs;
/** Of 1 KB each; of those that are over, the oldest then go before their time. */
const keptMax = 2_000;
/**
 * Unknown ends of one customer at one provider are told together, so often at most: an outage of an
 * hour makes thousands of them, and four messages.
 */
export const unknownTogetherMs = 15 * 60_000;
/** Told again only when it was in order in between, which is another key's name. */
const providerKeyMs = 365 * dayMs;

export function newAlertTable(): AlertTable {
  return {
    raised: new Map(), until: new Map(), byDelivery: new Map(), unknown: new Map(), unknownNoted: 0,
  };
}

/** What it is that is raised once: of a rolling window once for each of its lengths. */
export function onceKey(id: string, tenant: string, data: AlertData): string {
  switch (data.alert) {
    case 'budget_threshold': return `${data.account}\n${data.limit}\n${data.percent}`;
    case 'outcome_unknown': return unknownKey(tenant, data.provider);
    case 'key_expiring': case 'price_unknown': case 'provider_key_disabled': return id;
  }
}

export function unknownKey(tenant: string, provider: string): string {
  return `outcome_unknown\n${tenant}\n${provider}`;
}

export function mayRaise(
  { until }: Pick<AlertTable, 'until'>, key: string, nowMs: number,
): boolean {
  const untilMs = until.get(key);
  return untilMs === undefined || (untilMs !== null && untilMs <= nowMs);
}

/** Folds an `AlertRaised`; the same once more changes nothing. Null: it was raised before. */
export function raise(
  table: AlertTable, event: HoldfastEvent<'AlertRaised'>,
  { at, appendedAtMs }: { readonly at: LinePosition; readonly appendedAtMs: number },
): RaisedAlert | null {
  const { subject: id, tenant, data } = event;
  if (table.raised.has(id) || !mayRaise(table, onceKey(id, tenant, data), appendedAtMs)) return null;
  const deliveries = data.webhooks.map((endpoint, index) => ({
    ...firstTry(deliveryId(at, appendedAtMs, index), endpoint, appendedAtMs),
    lastStatus: null, lastMessage: null,
  }));
  const alert = { id, tenant, data, at, raisedAtMs: appendedAtMs, deliveries };
  setAlert(table, alert);
  forgetOld(table, appendedAtMs);
  return alert;
}

/** Puts an alert in, with what follows from it. */
export function setAlert(table: AlertTable, alert: RaisedAlert): void {
  table.raised.set(alert.id, alert);
  table.until.set(onceKey(alert.id, alert.tenant, alert.data), untilOf(alert));
  for (const { delivery } of alert.deliveries) table.byDelivery.set(delivery, alert.id);
}

/** The alert with one of its deliveries changed. */
export function withDelivery(alert: RaisedAlert, changed: AlertWebhook): RaisedAlert {
  const deliveries = alert.deliveries.map((one) =>
    (one.delivery === changed.delivery ? changed : one));
  return { ...alert, deliveries };
}

/**
 * Begins with the time as a job's id does, so that lists of deliveries are in order. It follows from
 * the place in the log: the `webhook-id` is the same over all tries, whoever makes them.
 */
function deliveryId({ sequence, line }: LinePosition, atMs: number, index: number): string {
  const time = atMs.toString(16).padStart(12, '0');
  return `msg_${time.slice(0, 8)}-${time.slice(8)}-alert-${sequence}-${line}-${index}`;
}

/** Whether a delivery is about an alert; of a job, its id goes on as a UUID does. */
export function isAlertDelivery(delivery: string): boolean {
  return delivery.startsWith('-alert-', 17);
}

/** null: never. */
function untilOf({ data, raisedAtMs }: RaisedAlert): number | null {
  switch (data.alert) {
    case 'budget_threshold': {
      if (data.window_ends_at_ms !== null) return data.window_ends_at_ms;
      const lengthMs = slotKeptMs(data.budget);
      return lengthMs === Infinity ? null : raisedAtMs + lengthMs;
    }
    case 'key_expiring': return data.expires_at_ms;
    case 'price_unknown': return Date.parse(data.day) + dayMs;
    case 'outcome_unknown': return raisedAtMs + unknownTogetherMs;
    case 'provider_key_disabled': return raisedAtMs + providerKeyMs;
  }
}

/** With each new one, so that what is forgotten follows from the log alone. */
function forgetOld(table: AlertTable, logTimeMs: number): void {
  for (const alert of table.raised.values()) {
    const isOld = alert.raisedAtMs + keptMs <= logTimeMs;
    if (!isOld && table.raised.size <= keptMax) return;
    const untilMs = untilOf(alert);
    const isOver = untilMs !== null && untilMs <= logTimeMs;
    if (isOver && alert.deliveries.every(({ status }) => status !== 'pending')) forget(table, alert);
  }
}

function forget(table: AlertTable, alert: RaisedAlert): void {
  table.raised.delete(alert.id);
  for (const { delivery } of alert.deliveries) table.byDelivery.delete(delivery);
  const key = onceKey(alert.id, alert.tenant, alert.data);
  // Raised again in a later window: that one holds.
  const untilMs = table.until.get(key);
  if (untilMs !== undefined && untilMs === untilOf(alert)) table.until.delete(key);
}
