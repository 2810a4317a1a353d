// How the walk over a routing's plan can end, and why a job may be stopped from outside.
import { type AttemptError } from '@libs/events/attempt-errors';
import { type AttemptRecord } from '@libs/events/attempts';
import { type Catalogue } from '@libs/events/catalogue';
import { type Candidate } from '@libs/events/job-events';
import { type UpstreamSucceeded } from '../providers/outcome';

export type CancelBy = Catalogue['JobCanceled']['by'];

/** Why a job must not go on. `returned`: this worker is draining and has not begun. */
export type StopReason =
  | { readonly kind: 'canceled'; readonly by: CancelBy }
  | { readonly kind: 'expired' }
  | { readonly kind: 'returned' };

export type PlanErrors = Catalogue['PlanExhausted']['errors'];

/** The provider said that the request itself is at fault; the client gets its words. */
export interface ClientsError {
  readonly error: AttemptError;
  readonly body: string | null;
}

export type WalkEnd =
  | { readonly kind: 'succeeded'; readonly candidate: Candidate; readonly answer: UpstreamSucceeded }
  | ({ readonly kind: 'refused' } & ClientsError)
  | { readonly kind: 'abandoned'; readonly attempt: AttemptRecord; readonly contentSent: boolean }
  | { readonly kind: 'exhausted'; readonly errors: PlanErrors }
  | { readonly kind: 'stopped'; readonly why: StopReason };

/** The end, with every attempt of this routing in the order of calling. */
export interface Walked {
  readonly end: WalkEnd;
  readonly attempts: readonly AttemptRecord[];
}
