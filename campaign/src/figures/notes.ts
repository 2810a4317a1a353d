// What was seen of a run, from outside: by the callers, and by the simulator.

/** Times in ms since the run began. */
export interface RequestNote {
  readonly request: string;
  readonly stream: boolean;
  readonly outputTokens: number;
  readonly startedMs: number;
  readonly endedMs: number;
  /** 2xx with its complete content. */
  readonly answered: boolean;
  /** Why not; empty when answered. */
  readonly reason: string;
}

/** The first call that a provider got of a request. */
export interface FirstAttempt {
  readonly request: string;
  readonly atMs: number;
  /** As the scenario names it. */
  readonly provider: string;
  readonly key: string;
}

export interface Seen {
  readonly requests: readonly RequestNote[];
  readonly firstAttempts: readonly FirstAttempt[];
  /** What the providers bill for it, whole answers and streams. */
  readonly usd: number;
}
