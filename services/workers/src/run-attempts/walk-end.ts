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
  | {
    readonly kind: 'abandoned'; readonly attempt: AttemptRecord; readonly contentSent: boolean;
    /** Its stream can be gone on with from here. */
    readonly continuation?: Continuation;
  }
  | { readonly kind: 'exhausted'; readonly errors: PlanErrors }
  | { readonly kind: 'stopped'; readonly why: StopReason };

/** What the client of a broken stream has. */
export interface Continuation {
  readonly stream: string;
  readonly nextIndex: number;
  /** The answer so far, as JSON, and the length of its text. */
  readonly answer: string;
  readonly chars: number;
}

/** The end, with every attempt of this routing in the order of calling. */
export interface Walked {
  readonly end: WalkEnd;
  readonly attempts: readonly AttemptRecord[];
  /** The attempt under whose id the client of a continued stream gets its deltas. */
  readonly stream?: string;
}
