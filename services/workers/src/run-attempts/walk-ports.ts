// What the walk over a plan needs of the world, given as functions: the rules can be tried with a
// scripted provider.
import { type AttemptRecord } from '@libs/events/attempts';
import { type Candidate } from '@libs/events/job-events';
import { type UpstreamOutcome } from '../providers/outcome';
import { type IsClosed } from './pick-candidate';
import { type StopReason } from './walk-end';

export interface WalkPorts {
  readonly now: () => number;
  readonly newAttemptId: () => string;
  readonly isClosed: IsClosed;
  /** Why to stop now, null to go on. */
  readonly stopReason: () => StopReason | null;
  /** Calls the provider (or says without a call why it cannot be called). */
  readonly call: (named: NamedCall) => Promise<UpstreamOutcome>;
  /** What became of a call while the routing goes on; written down at once. */
  readonly onFailed: (attempt: AttemptRecord) => void;
  /** Ends early when the job is stopped, or by the signal. */
  readonly pause: (ms: number, signal?: AbortSignal) => Promise<void>;
}

export interface NamedCall {
  readonly candidate: Candidate;
  readonly attemptId: string;
  /** null: no other call of this job is under way beside it. */
  readonly beside: BesideAnother | null;
}

/** A call that may have another one of the same job beside it: only one of them answers. */
export interface BesideAnother {
  /** Ends this call alone. */
  readonly signal: AbortSignal;
  /** Asked whenever it has something for the client; the first one asked is the one that answers. */
  readonly wins: () => boolean;
  readonly isSecond: boolean;
}
