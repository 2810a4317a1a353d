// An alert as receivers of webhooks and operators see it: amounts in USD, times by RFC 3339.
import type { AlertData } from '@libs/events/alert-events';
import { usdFromPico } from '@libs/governance/money';
import type { RaisedAlert } from './alert-table';

export type AlertView = Readonly<Record<string, unknown>>;

export function alertView({ id, tenant, data }: Pick<RaisedAlert, 'id' | 'tenant' | 'data'>): AlertView {
  const customer = data.alert === 'price_unknown' || data.alert === 'provider_key_disabled'
    ? {} : { customer: tenant };
  return { id, object: 'alert', alert: data.alert, ...customer, ...fieldsOf(data) };
}

function fieldsOf(data: AlertData): AlertView {
  switch (data.alert) {
    case 'budget_threshold': {
      const { level, id, budget, percent, spent, held, limit, window_ends_at_ms: endsMs } = data;
      return {
        budget: { level, id, ...budget }, percent, limit_usd: usdFromPico(limit),
        spent_usd: usdFromPico(spent), held_usd: usdFromPico(held), refused: data.refused === true,
        window_ends_at: endsMs === null ? null : timeOf(endsMs),
      };
    }
    case 'key_expiring': {
      const { key, name, team, expires_at_ms: expiresMs } = data;
      return { key, name, team, expires_at: timeOf(expiresMs), before_s: data.before_ms / 1000 };
    }
    case 'price_unknown': {
      const { provider, model, day } = data;
      return { provider, model, day };
    }
    case 'outcome_unknown': {
      const { job, routing, attempt_id, provider, key, model, others } = data;
      const hold = data.hold_pico_usd;
      return {
        job, routing, attempt_id, provider, key, model, since: timeOf(data.since_ms),
        hold_usd: hold === null ? null : usdFromPico(hold),
        others, others_hold_usd: usdFromPico(data.others_hold_pico_usd),
      };
    }
    case 'provider_key_disabled': {
      const { provider, key, error } = data;
      return { provider, key, error, since: timeOf(data.since_ms) };
    }
  }
}

function timeOf(ms: number): string {
  return new Date(ms).toISOString();
}
