// The fold of one webhook's delivery: owed, tried, delivered or exhausted; a settled job's, or an
// alert's, which takes the same steps.
import type { Catalogue } from '@libs/events/catalogue';
import { type AnyEvent, timeMs } from '@libs/events/envelope';
import type { JobFacts, JobState, SettledJob, WebhookProgress } from './state';
import { retryDelayMs } from './webhook-schedule';

/** The stable `webhook-id` of a job's delivery. */
export function deliveryOf(job: string): string {
  return `msg_${job.replace(/^job_/, '')}`;
}

/** What a job that settles now owes its webhook: a first try at once. */
export function owedWebhook(job: JobFacts, settledAtMs: number): WebhookProgress | null {
  const { webhook } = job.submitted;
  if (webhook === null) return null;
  return firstTry(deliveryOf(job.id), webhook.endpoint_id, settledAtMs);
}

/** What is owed to an endpoint from now on: a first try at once. */
export function firstTry(delivery: string, endpointId: string, atMs: number): WebhookProgress {
  return { delivery, endpointId, tries: 0, status: 'pending', nextAtMs: atMs };
}

/** What happens to a delivery, whatever it is about. */
export type DeliveryEvent = Extract<AnyEvent, {
  type: 'WebhookDue' | 'WebhookDelivered' | 'WebhookAttemptFailed' | 'WebhookExhausted'
    | 'WebhookRedeliverRequested';
}>;

/** The job after an event of its delivery; of another delivery: as it is. */
export function followDelivery(state: JobState, event: DeliveryEvent): JobState {
  if (state.phase !== 'settled') return state;
  const { delivery, endpoint_id: endpointId } = event.data;
  const before = event.type === 'WebhookRedeliverRequested'
    ? state.webhook ?? firstTry(delivery, endpointId, timeMs(event)) : state.webhook;
  if (before === null) return state;
  const webhook = afterDelivery(before, event);
  return webhook === state.webhook ? state : ({ ...state, webhook } satisfies SettledJob);
}

/** What else is kept of a delivery stays with it. */
export function afterDelivery<W extends WebhookProgress>(webhook: W, event: DeliveryEvent): W {
  if (webhook.delivery !== event.data.delivery) return webhook;
  switch (event.type) {
    case 'WebhookDue': return due(webhook, event.data);
    case 'WebhookDelivered': return delivered(webhook, event.data);
    case 'WebhookAttemptFailed': return failed(webhook, event.data, timeMs(event));
    case 'WebhookExhausted': return exhausted(webhook, event.data);
    case 'WebhookRedeliverRequested': {
      // One more try now, under the same delivery id; also before the schedule would allow it.
      const { endpoint_id: endpointId } = event.data;
      return { ...webhook, endpointId, status: 'pending', nextAtMs: timeMs(event) };
    }
  }
}

/** A try was handed to the workers. */
function due<W extends WebhookProgress>(webhook: W, data: Catalogue['WebhookDue']): W {
  return data.try <= webhook.tries ? webhook : {
    ...webhook, endpointId: data.endpoint_id, tries: data.try, status: 'pending', nextAtMs: null,
  };
}

/** Delivered is final, whichever try it was; only a person's request opens it again. */
function delivered<W extends WebhookProgress>(webhook: W, data: Catalogue['WebhookDelivered']): W {
  const tries = Math.max(webhook.tries, data.try);
  return { ...webhook, tries, status: 'delivered', nextAtMs: null };
}

/** Only the end of the latest try counts, and only while one is under way. */
function failed<W extends WebhookProgress>(
  webhook: W, data: Catalogue['WebhookAttemptFailed'], atMs: number,
): W {
  const isUnderWay = webhook.status === 'pending' && webhook.nextAtMs === null
    && data.try === webhook.tries;
  if (!isUnderWay) return webhook;
  const delayMs = data.gone ? null : retryDelayMs(data.try, data.retry_after_ms);
  if (delayMs === null) return { ...webhook, status: 'exhausted', nextAtMs: null };
  return { ...webhook, nextAtMs: atMs + delayMs };
}

/** May follow the failure of the same try, which then was already taken for the last one. */
function exhausted<W extends WebhookProgress>(webhook: W, data: Catalogue['WebhookExhausted']): W {
  return webhook.status === 'pending' && data.try === webhook.tries
    ? { ...webhook, status: 'exhausted', nextAtMs: null }
    : webhook;
}
