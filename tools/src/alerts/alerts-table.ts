// Alerts as rows for people: when, what, whose, the sentence, and how its webhooks are.
import { type AlertKind } from '@libs/events/alert-events';
import { table } from '../shared/table';

/** As `GET /admin/v1/alerts` gives it. */
export interface AlertShown {
  readonly id: string;
  readonly alert: AlertKind;
  readonly type: string;
  readonly customer?: string;
  readonly raised_at: string;
  readonly open: boolean;
  readonly deliveries: readonly { readonly status: string }[];
  readonly [field: string]: unknown;
}

export function alertsTable(alerts: readonly AlertShown[]): string {
  if (alerts.length === 0) return 'no alerts';
  return table([['raised', 'type', '', 'customer', 'what', 'webhooks'], ...alerts.map(alertRow)]);
}

export function alertRow(alert: AlertShown): string[] {
  const { raised_at: at, type, open, customer, deliveries } = alert;
  return [
    at.replace('T', ' ').slice(0, 19), type, open ? 'open' : 'over', customer ?? '-',
    sentenceOf(alert), webhooksOf(deliveries),
  ];
}

function sentenceOf(alert: AlertShown): string {
  const of = (name: string): string => {
    const value = alert[name];
    return typeof value === 'string' || typeof value === 'number' ? String(value) : '?';
  };
  switch (alert.alert) {
    case 'budget_threshold': {
      const budget = alert['budget'] as Readonly<Record<string, unknown>>;
      const name = `${String(budget['level'])} ${String(budget['id'])}, per ${String(budget['window'])}`;
      const soft = budget['soft'] === true ? ', soft' : '';
      const refused = alert['refused'] === true ? ', and a request did not fit' : '';
      return `${of('percent')} % of ${of('limit_usd')} USD (${name}${soft}): ${of('spent_usd')} spent${refused}`;
    }
    case 'key_expiring': return `key ${of('key')} expires at ${of('expires_at')}`;
    case 'price_unknown': return `the price of ${of('provider')}/${of('model')} is not known`;
    case 'outcome_unknown': {
      const others = alert['others'] === 0 ? '' : ` and of ${of('others')} others`;
      return `the end of ${of('job')}${others} at ${of('provider')} is not known since ${of('since')}`;
    }
    case 'provider_key_disabled':
      return `key ${of('key')} of ${of('provider')} is out of rotation: ${of('error')}`;
  }
}

function webhooksOf(deliveries: AlertShown['deliveries']): string {
  const counts = new Map<string, number>();
  for (const { status } of deliveries) counts.set(status, (counts.get(status) ?? 0) + 1);
  return [...counts].map(([status, count]) => `${count} ${status}`).join(', ') || '-';
}
