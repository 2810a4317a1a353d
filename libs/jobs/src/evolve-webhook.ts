// The part of the fold that follows a settled job's webhook: owed, tried, delivered or exhausted.
import type { Catalogue } from '@libs/events/catalogue';
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
  return {
    delivery: deliveryOf(job.id),
    endpointId: webhook.endpoint_id,
    tries: 0,
    status: 'pending',
    nextAtMs: settledAtMs,
  };
}

/** A try was handed to the workers. */
export function deliveryDue(state: JobState, data: Catalogue['WebhookDue']): JobState {
  return change(state, data.delivery, (webhook) => data.try <= webhook.tries ? webhook : {
    ...webhook, endpointId: data.endpoint_id, tries: data.try, status: 'pending', nextAtMs: null,
  });
}

/** Delivered is final, whichever try it was; only a person's request opens it again. */
export function deliveryDelivered(state: JobState, data: Catalogue['WebhookDelivered']): JobState {
  return change(state, data.delivery, (webhook) => ({
    ...webhook, tries: Math.max(webhook.tries, data.try), status: 'delivered', nextAtMs: null,
  }));
}

/** Only the end of the latest try counts, and only while one is under way. */
export function deliveryFailed(
  state: JobState, data: Catalogue['WebhookAttemptFailed'], atMs: number,
): JobState {
  return change(state, data.delivery, (webhook) => {
    if (!underWay(webhook, data.try)) return webhook;
    const delayMs = data.gone ? null : retryDelayMs(data.try, data.retry_after_ms);
    if (delayMs === null) return { ...webhook, status: 'exhausted', nextAtMs: null };
    return { ...webhook, nextAtMs: atMs + delayMs };
  });
}

/** May follow the failure of the same try, which then was already taken for the last one. */
export function deliveryExhausted(state: JobState, data: Catalogue['WebhookExhausted']): JobState {
  return change(state, data.delivery, (webhook) =>
    webhook.status === 'pending' && data.try === webhook.tries
      ? { ...webhook, status: 'exhausted', nextAtMs: null }
      : webhook);
}

/** One more try now, under the same delivery id; also before the schedule would allow it. */
export function redeliverRequested(
  state: JobState, data: Catalogue['WebhookRedeliverRequested'], atMs: number,
): JobState {
  if (state.phase !== 'settled') return state;
  const webhook = state.webhook ?? {
    delivery: data.delivery, endpointId: data.endpoint_id, tries: 0,
    status: 'pending' as const, nextAtMs: atMs,
  };
  if (webhook.delivery !== data.delivery) return state;
  const endpointId = data.endpoint_id;
  return { ...state, webhook: { ...webhook, endpointId, status: 'pending', nextAtMs: atMs } };
}

function underWay(webhook: WebhookProgress, tryNumber: number): boolean {
  return webhook.status === 'pending' && webhook.nextAtMs === null && tryNumber === webhook.tries;
}

function change(
  state: JobState, delivery: string, next: (webhook: WebhookProgress) => WebhookProgress,
): JobState {
  if (state.phase !== 'settled' || state.webhook?.delivery !== delivery) return state;
  const webhook = next(state.webhook);
  return webhook === state.webhook ? state : ({ ...state, webhook } satisfies SettledJob);
}
