// From the end of a walk to the event that says it, and which of the job's subjects it belongs to.
import { type AttemptError } from '@libs/events/attempt-errors';
import { type AttemptRecord } from '@libs/events/attempts';
import { type Catalogue } from '@libs/events/catalogue';
import { type ContentRef } from '@libs/events/content';
import { type EventDraft } from '@libs/events/envelope';
import { type JobSubject } from '@libs/events/subjects';
import { sumKnownPico } from '@libs/governance/money';
import { type StopReason, type Walked, type WalkEnd } from './walk-end';

/** Whom the outcome is about, and which routing it ends. */
export interface RoutingName {
  readonly subject: string;
  readonly tenant: string;
  /** Id of the `JobRouted`. */
  readonly causation: string;
  readonly routing: number;
}

export interface Outcome {
  readonly kind: Extract<JobSubject, 'attempted' | 'settled'>;
  readonly draft: EventDraft;
}

/** `result`: the content that the end carries, already made ready; null when it carries none. */
export function outcomeOf(name: RoutingName, walked: Walked, result: ContentRef | null): Outcome {
  const { end, attempts } = walked;
  const { routing, ...about } = name;
  switch (end.kind) {
    case 'succeeded': {
      const last = attempts.at(-1);
      if (result === null || last === undefined) throw new Error('a success has an answer');
      return settled({
        ...about,
        type: 'JobSucceeded',
        data: {
          routing,
          attempts: [...attempts],
          provider: end.candidate.provider,
          model: end.candidate.model,
          usage: last.usage,
          // With what is known of a call that another one was faster than.
          cost_pico_usd: sumKnownPico(attempts.map((attempt) => attempt.cost_pico_usd)),
          status: end.answer.status,
          result,
          dropped_params: [...end.answer.dropped],
          ...(walked.stream === undefined ? {} : { stream: walked.stream }),
        },
      });
    }
    case 'refused':
      return settled({
        ...about,
        type: 'JobFailed',
        data: {
          routing, attempts: [...attempts], error: end.error, result,
          status: statusOfRefusal(end.error),
        },
      });
    case 'abandoned':
      return attempted({
        ...about,
        type: 'AttemptAbandoned',
        data: {
          routing, attempt: end.attempt, reason: reasonOf(end.attempt),
          content_sent: end.contentSent,
          ...continuationOf(end, result),
        },
      });
    case 'exhausted':
      return attempted({
        ...about, type: 'PlanExhausted', data: { routing, errors: [...end.errors] },
      });
    case 'stopped':
      return stopped(name, end.why, attempts);
  }
}

function continuationOf(
  { continuation }: Extract<WalkEnd, { kind: 'abandoned' }>, answer: ContentRef | null,
): Pick<Catalogue['AttemptAbandoned'], 'continuation'> {
  if (continuation === undefined || answer === null) return {};
  const { stream, nextIndex, chars } = continuation;
  return { continuation: { stream, next_index: nextIndex, answer, chars } };
}

function stopped(
  { routing, ...about }: RoutingName, why: StopReason, attempts: readonly AttemptRecord[],
): Outcome {
  switch (why.kind) {
    case 'canceled':
      return settled({
        ...about, type: 'JobCanceled', data: { by: why.by, routing, attempts: [...attempts] },
      });
    case 'expired':
      return settled({ ...about, type: 'JobExpired', data: { routing, attempts: [...attempts] } });
    case 'returned':
      return attempted({
        ...about, type: 'AttemptReturned', data: { routing, reason: 'the worker is draining' },
      });
  }
}

/** HTTP status for a caller whose request is at fault. */
export function statusOfRefusal(error: AttemptError): number {
  if (error.class === 'unknown') return 500;
  if (error.class === 'content_erased') return 410;
  return error.status !== null && error.status >= 400 ? error.status : 400;
}

type AbandonReason = Catalogue['AttemptAbandoned']['reason'];

const abandonReasons: readonly string[] = [
  'first_token_timeout', 'stalled', 'total_timeout', 'connection_lost', 'malformed_response',
] satisfies AbandonReason[];

function reasonOf(attempt: AttemptRecord): AbandonReason {
  const errorClass = attempt.error?.class ?? 'unknown';
  return abandonReasons.includes(errorClass) ? (errorClass as AbandonReason) : 'unknown';
}

function settled(draft: EventDraft): Outcome {
  return { kind: 'settled', draft };
}

function attempted(draft: EventDraft): Outcome {
  return { kind: 'attempted', draft };
}
