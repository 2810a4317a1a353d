// The states of a job's life. Values are immutable: `evolve` returns a new one, so that a snapshot
// may keep references while the fold goes on.
import type { AttemptError } from '@libs/events/attempt-errors';
import type { AttemptRecord } from '@libs/events/attempts';
import type { Catalogue } from '@libs/events/catalogue';
import type { ContentRef, LinePosition } from '@libs/events/content';
import type { Candidate } from '@libs/events/job-events';
import type { Usage } from '@libs/events/usage';

export type JobStatus =
  | 'queued' | 'running' | 'deferred' | 'succeeded' | 'failed' | 'canceled' | 'expired';
export type TerminalStatus = Extract<JobStatus, 'succeeded' | 'failed' | 'canceled' | 'expired'>;
export type CancelBy = Catalogue['JobCancelRequested']['by'];

/** What every state knows. */
export interface JobFacts {
  readonly id: string;
  readonly tenant: string;
  readonly submitted: Catalogue['JobSubmitted'];
  /** Where the submission stands in the log. */
  readonly at: LinePosition;
  readonly submittedAtMs: number;
  /** One record per attempt id, in the order first seen; a word that knows more replaces it. */
  readonly attempts: readonly AttemptRecord[];
  /** Routings so far; the running one has this number. */
  readonly routings: number;
  /** Routings whose end nobody learned (their holds are kept, they are shown as unknown). */
  readonly unknownRoutings: readonly UnknownRouting[];
  /** Count of the last `JobDeferred`: deferrals after exhausted plans; the delay grows with it. */
  readonly deferrals: number;
  /** Abandonments so far: beyond the cap the job is a dead letter. */
  readonly abandonments: number;
  readonly cancelRequestedBy: CancelBy | null;
  /** Content of a routing that broke reached a streaming client. */
  readonly contentSent: boolean;
  /** Its stream broke and can be, or was, gone on with. */
  readonly continuing?: Continuing | undefined;
}

/** A broken stream whose client has a part of the answer. */
export interface Continuing {
  /** The attempt under whose id the client gets its deltas. */
  readonly stream: string;
  readonly nextIndex: number;
  /** The answer so far; its text stands in the commit at `at`. */
  readonly answer: ContentRef;
  readonly at: LinePosition;
  readonly seams: readonly Seam[];
}

export interface Seam {
  /** Characters of the answer before it. */
  readonly afterChars: number;
  /** The attempt that broke there. */
  readonly broken: string;
}

export interface UnknownRouting {
  readonly routing: number;
  readonly holdPicoUsd: string | null;
  /** Of a hedged routing, whose hold is for two calls: what one of them holds. */
  readonly perCallPicoUsd?: string;
  /** First candidate of the plan: where the call most likely went. */
  readonly provider: string;
  readonly key: string;
  readonly model: string;
  /** The call is known by name but not what it cost: shown as that attempt. null: no call known. */
  readonly attemptId: string | null;
  /** The hold was given up; the routing stays listed as unknown. */
  readonly writtenOff: boolean;
  /** When it was routed; absent where an older version folded it. */
  readonly atMs?: number;
  /** Its plan and further candidates, with the prices they are booked at. */
  readonly candidates?: readonly (readonly Candidate[])[];
}

export interface WaitingJob extends JobFacts {
  readonly phase: 'waiting';
  /** Waiting again after these errors of an exhausted or abandoned routing. */
  readonly lastErrors: readonly PlanError[];
}

export interface DeferredJob extends JobFacts {
  readonly phase: 'deferred';
  readonly untilMs: number;
  readonly reason: string;
  readonly lastErrors: readonly PlanError[];
}

export interface RunningJob extends JobFacts {
  readonly phase: 'running';
  readonly routed: Catalogue['JobRouted'];
  readonly routedAtMs: number;
  /** Where the `JobRouted` stands. */
  readonly routedAt: LinePosition;
}

export interface SettledJob extends JobFacts {
  readonly phase: 'settled';
  readonly status: TerminalStatus;
  readonly terminal: LinePosition;
  readonly settledAtMs: number;
  readonly provider: string | null;
  readonly model: string | null;
  readonly usage: Usage | null;
  readonly result: ContentRef | null;
  /** HTTP status for a caller. */
  readonly httpStatus: number;
  readonly error: JobError | null;
  readonly droppedParams: readonly string[];
  readonly webhook: WebhookProgress | null;
  /** Terminal events that came after the first one. */
  readonly lateOutcomes: number;
}

/** Closed because its idempotency key names an earlier job. */
export interface DeduplicatedJob extends JobFacts {
  readonly phase: 'deduplicated';
  readonly of: string;
}

export type JobState = WaitingJob | DeferredJob | RunningJob | SettledJob | DeduplicatedJob;

export interface JobError {
  /** An attempt error class, or the reason of a rejection. */
  readonly class: string;
  readonly message: string;
  readonly errors: readonly PlanError[];
  readonly retryAfterS: number | null;
}

export interface PlanError {
  readonly provider: string;
  readonly model: string;
  readonly error: AttemptError;
  /** When the provider asked to wait before the next call. */
  readonly retryAfterMs?: number | null;
}

export interface WebhookProgress {
  readonly delivery: string;
  readonly endpointId: string;
  /** Tries started so far. */
  readonly tries: number;
  readonly status: 'pending' | 'delivered' | 'exhausted';
  /** When the next try is due; null while one is under way or none is owed. */
  readonly nextAtMs: number | null;
}
