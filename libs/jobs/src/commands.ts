// The orders that can be given to a job, by who gives them, and why one may be refused.
import type { AttemptRecord } from '@libs/events/attempts';
import type { Catalogue } from '@libs/events/catalogue';
import type { ContentRef } from '@libs/events/content';
import type { EventDraft } from '@libs/events/envelope';
import type { RateLeft, ReservedAmounts } from '@libs/events/limits';
import type { CancelBy } from './state';

/** Whom an order is about when nothing but the name is known. */
export interface JobName {
  readonly id: string;
  readonly tenant: string;
}

/** Given by ingress. */
export type IngressCommand =
  | {
      readonly type: 'SubmitJob'; readonly job: JobName; readonly nowMs: number;
      readonly data: Catalogue['JobSubmitted'];
    }
  | {
      readonly type: 'RequestCancel'; readonly by: CancelBy; readonly reason: string | null;
    }
  | { readonly type: 'RequestRedelivery' };

/** Given by the partition's owner. */
export type RouterCommand =
  | ({ readonly type: 'RouteJob' } & Route)
  | {
      readonly type: 'DeferJob'; readonly untilMs: number; readonly reason: string;
      /** Deferrals after exhausted plans so far, this one included if it is one. */
      readonly count: number; readonly seen: number; readonly nowMs: number;
      readonly reserved?: ReservedAmounts;
    }
  | { readonly type: 'RejectJob'; readonly data: Catalogue['JobRejected'] }
  | { readonly type: 'DeduplicateJob'; readonly of: string }
  | { readonly type: 'CancelJob' }
  | { readonly type: 'ExpireJob'; readonly nowMs: number }
  | { readonly type: 'DueWebhook'; readonly nowMs: number }
  | ({
      readonly type: 'WriteOffHold'; readonly routing: number; readonly reason: string;
      readonly actor?: string;
    } & Seen)
  | ({
      readonly type: 'AnswerHold'; readonly asked: Catalogue['HoldReconcileRequested'];
      /** The id of its event. */
      readonly request: string;
    } & Seen);

/** From which place of the log and when it was decided. */
interface Seen {
  readonly seen: number;
  readonly nowMs: number;
}

/** A plan as libs/routing makes it. */
export interface PlanMade {
  readonly plan: Catalogue['JobRouted']['plan'];
  readonly fallbacksByClass: Catalogue['JobRouted']['fallbacks_by_class'];
  readonly hold: Catalogue['JobRouted']['hold'];
  /** Where the request names no `max_tokens`. */
  readonly outputEstimate?: number;
  readonly reasons: Catalogue['JobRouted']['reasons'];
  readonly strategy: NonNullable<Catalogue['JobRouted']['strategy']>;
  readonly rule: string | null;
  readonly overlay: Readonly<Record<string, number>>;
  readonly reserved?: ReservedAmounts;
  readonly rates?: readonly RateLeft[];
  readonly hedge: NonNullable<Catalogue['JobRouted']['hedge']> | null;
  readonly retries: NonNullable<Catalogue['JobRouted']['retries']> | null;
  readonly continueOnBreak: boolean;
}

/** What a routing decision adds to what the job knows itself. */
export interface Route {
  readonly made: PlanMade;
  readonly seen: number;
  readonly nowMs: number;
  readonly seed: number;
  readonly governanceSequence: number;
  /** Where the body is found: repeated in the commit, or as it was submitted. */
  readonly body: ContentRef;
}

/** Given by the worker that holds the routing. */
export type WorkerCommand =
  | { readonly type: 'FailAttempt'; readonly attempt: AttemptRecord }
  | ({ readonly type: 'AbandonRouting' } & Omit<Catalogue['AttemptAbandoned'], 'routing'>)
  | { readonly type: 'ReturnRouting'; readonly reason: string }
  | ({ readonly type: 'ExhaustPlan' } & Omit<Catalogue['PlanExhausted'], 'routing'>)
  | ({ readonly type: 'SucceedJob' } & Omit<Catalogue['JobSucceeded'], 'routing'>)
  | ({ readonly type: 'FailJob' } & Omit<Catalogue['JobFailed'], 'routing'>)
  | {
      readonly type: 'EndCanceled'; readonly by: CancelBy;
      readonly attempts: readonly AttemptRecord[];
    }
  | { readonly type: 'EndExpired'; readonly attempts: readonly AttemptRecord[] };

/** Given by the worker that tried a webhook. */
export type DeliveryCommand =
  | { readonly type: 'ReportDelivered'; readonly data: Catalogue['WebhookDelivered'] }
  | { readonly type: 'ReportDeliveryFailed'; readonly data: Catalogue['WebhookAttemptFailed'] };

export type Command = IngressCommand | RouterCommand | WorkerCommand | DeliveryCommand;

/** Why an order is refused. */
export const refusals = [
  'already_submitted', 'no_such_job', 'already_settled', 'already_deduplicated',
  'cancel_already_requested', 'cancel_not_requested', 'deadline_passed', 'deadline_not_passed',
  'starts_after_deadline', 'not_due', 'not_later', 'running', 'not_running', 'not_this_routing',
  'empty_plan', 'already_routed', 'is_the_first', 'content_already_sent', 'not_settled',
  'no_webhook', 'delivery_ended', 'no_such_delivery', 'no_such_hold', 'hold_closed', 'price_unknown',
  'answer_without_attempt',
] as const;
export type Refusal = (typeof refusals)[number];

export type Decision =
  | { readonly ok: true; readonly events: readonly EventDraft[] }
  | { readonly ok: false; readonly reason: Refusal };

export function accept(...events: readonly EventDraft[]): Decision {
  return { ok: true, events };
}

export function refuse(reason: Refusal): Decision {
  return { ok: false, reason };
}
