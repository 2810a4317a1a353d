// Orders about a settled job's webhook: hand out a try, report how it went.
import type { Catalogue } from '@libs/events/catalogue';
import { type Decision, accept, refuse } from './commands';
import type { JobState, SettledJob } from './state';
import { viewOf } from './view';
import { retryDelayMs } from './webhook-schedule';

export function dueWebhook(state: JobState, nowMs: number): Decision {
  if (state.phase !== 'settled') return refuse('not_settled');
  const { webhook } = state;
  if (webhook === null) return refuse('no_webhook');
  if (webhook.status !== 'pending') return refuse('delivery_ended');
  if (webhook.nextAtMs === null || webhook.nextAtMs > nowMs) return refuse('not_due');
  return accept({
    type: 'WebhookDue',
    subject: state.id,
    tenant: state.tenant,
    data: {
      delivery: webhook.delivery,
      endpoint_id: webhook.endpointId,
      try: webhook.tries + 1,
      event_type: `job.${state.status}`,
      job: { ...viewOf(state) },
      terminal: state.terminal,
    },
  });
}

export function reportDelivered(
  state: JobState, data: Catalogue['WebhookDelivered'],
): Decision {
  const job = deliveryOf(state, data.delivery);
  if (job === null) return refuse('no_such_delivery');
  return accept({ type: 'WebhookDelivered', subject: job.id, tenant: job.tenant, data });
}

export function reportDeliveryFailed(
  state: JobState, data: Catalogue['WebhookAttemptFailed'],
): Decision {
  const job = deliveryOf(state, data.delivery);
  if (job === null) return refuse('no_such_delivery');
  return accept(...failedDelivery(job, data));
}

/**
 * A failed try; with the schedule at its end, or the receiver gone, also that no other follows.
 * For workers, who hold no job states.
 */
export function failedDelivery(
  job: { readonly id: string; readonly tenant: string }, data: Catalogue['WebhookAttemptFailed'],
): Extract<Decision, { ok: true }>['events'] {
  const about = { subject: job.id, tenant: job.tenant };
  const failed = { type: 'WebhookAttemptFailed' as const, ...about, data };
  if (!data.gone && retryDelayMs(data.try, data.retry_after_ms) !== null) return [failed];
  const { delivery, endpoint_id, duration_ms, message } = data;
  return [failed, {
    type: 'WebhookExhausted', ...about,
    data: { delivery, endpoint_id, try: data.try, duration_ms, message },
  }];
}

function deliveryOf(state: JobState, delivery: string): SettledJob | null {
  return state.phase === 'settled' && state.webhook?.delivery === delivery ? state : null;
}
