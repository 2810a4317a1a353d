// What the load process can be asked to do, and what it answers.
import { type Latency } from '../statistics';
import { type Target } from '../systems/system';

/** As many requests as come back: each connection sends its next one at once (autocannon). */
export interface ClosedLoop {
  readonly kind: 'closed';
  readonly target: Target;
  readonly connections: number;
  /** Before the measurement, at the same load. */
  readonly settleS: number;
  readonly seconds: number;
}

export interface ClosedLoopResult extends Latency {
  readonly requestsPerS: number;
  /** In the measured time. */
  readonly requests: number;
  /** The settling time included: what the CPU seconds belong to. */
  readonly allRequests: number;
  readonly errors: number;
}

/** Requests at fixed times, whether earlier ones have come back or not. */
export interface PacedLoad {
  readonly kind: 'paced';
  readonly target: Target;
  readonly connections: number;
  readonly requestsPerS: number;
  readonly seconds: number;
}

export interface PacedLoadResult extends Latency {
  readonly requests: number;
  readonly errors: number;
}

/** Streams one after the other on each connection; or, held, one on each, all at the same time. */
export interface StreamedLoad {
  readonly kind: 'streams';
  readonly target: Target;
  readonly connections: number;
  /** Of a loop; held streams last as long as their answer. */
  readonly seconds: number;
  readonly held: boolean;
}

export interface StreamedLoadResult {
  readonly streams: number;
  readonly errors: number;
  readonly firstTokenP50Ms: number;
  readonly firstTokenP99Ms: number;
  /** Over all streams. */
  readonly tokensPerS: number;
  /** Of one stream, from its first token to its last; the median. */
  readonly streamTokensPerS: number;
  /** Most streams that were receiving at the same time. */
  readonly openMax: number;
}

/** Jobs that nobody waits for: POST /v1/jobs until so many are accepted. */
export interface JobSubmissions {
  readonly kind: 'jobs';
  readonly target: Target;
  readonly connections: number;
  readonly jobs: number;
}

export interface JobSubmissionsResult {
  readonly accepted: number;
  readonly errors: number;
  readonly seconds: number;
}

export type LoadJob = ClosedLoop | PacedLoad | StreamedLoad | JobSubmissions;

export interface LoadResults {
  readonly closed: ClosedLoopResult;
  readonly paced: PacedLoadResult;
  readonly streams: StreamedLoadResult;
  readonly jobs: JobSubmissionsResult;
}

export type ResultOf<Job extends LoadJob> = LoadResults[Job['kind']];

/** Between the processes. */
export interface LoadAnswer {
  readonly result?: unknown;
  readonly error?: string;
}
