// By what an event is found besides its type, subject and tenant: who acted, key, team, model,
// provider, outcome, words of its metadata. Pure.
import { type AttemptRecord } from '@libs/events/attempts';
import { type EventType } from '@libs/events/catalogue';
import { type AnyEvent } from '@libs/events/envelope';
import { type JobState } from '@libs/jobs/state';
import { type EventRow } from '@libs/postgres/index-store';
import { metadataWords } from './metadata-words';

export type EventFacts = Pick<
  EventRow, 'actor' | 'key' | 'team' | 'model' | 'provider' | 'outcome' | 'words'
>;

/** `job`: the one it is about, of which every event has the key, the team and a model. */
export function factsOf(event: AnyEvent, job: JobState | undefined): EventFacts {
  const data = event.data as Said;
  const called = calledIn(event);
  return {
    actor: text(data.actor) ?? text(data.by) ?? text(data.router),
    key: job?.submitted.key ?? text(data.key),
    team: job?.submitted.team ?? text(data.team),
    model: called?.model ?? text(data.model) ?? job?.submitted.model ?? null,
    provider: called?.provider ?? text(data.provider),
    outcome: outcomeOf(event),
    words: event.type === 'JobSubmitted' || event.type === 'KeyCreated'
      ? metadataWords(event.data.metadata) : null,
  };
}

/** What events of several types call the same. */
interface Said {
  readonly actor?: unknown;
  readonly by?: unknown;
  readonly router?: unknown;
  readonly key?: unknown;
  readonly team?: unknown;
  readonly model?: unknown;
  readonly provider?: unknown;
}

function text(value: unknown): string | null {
  return typeof value === 'string' ? value : null;
}

/** The last call it tells of, or the first that it plans. */
function calledIn(event: AnyEvent): { readonly provider: string; readonly model: string } | undefined {
  if (event.type === 'JobRouted') return event.data.plan[0];
  const data = event.data as { readonly attempt?: AttemptRecord; readonly attempts?: AttemptRecord[] };
  return data.attempt ?? data.attempts?.at(-1);
}

const outcomes: Readonly<Partial<Record<EventType, string>>> = {
  JobSucceeded: 'succeeded', JobFailed: 'failed', JobRejected: 'failed', JobCanceled: 'canceled',
  JobExpired: 'expired', AttemptFailed: 'failed', AttemptAbandoned: 'unknown',
  RequestDenied: 'denied', WebhookDelivered: 'delivered', WebhookAttemptFailed: 'failed',
  WebhookExhausted: 'exhausted',
};

function outcomeOf(event: AnyEvent): string | null {
  if (event.type === 'ProviderProbed') return event.data.attempt.outcome;
  return outcomes[event.type] ?? null;
}
