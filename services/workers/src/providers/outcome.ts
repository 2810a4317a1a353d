// What a provider call is given and what it can come to: the contract between the walk over a plan
// and the adapters.
import { type AttemptErrorClass } from '@libs/events/attempt-errors';
import { type ContinuesWay } from '@libs/events/routing-policy';
import { type Usage } from '@libs/events/usage';
import { type ProviderKind, type Surface } from '@libs/surfaces/surface';

/** Where to call, with the key already resolved. */
export interface UpstreamTarget {
  readonly providerId: string;
  readonly kind: ProviderKind;
  /** As the provider's own SDK takes it: OpenAI's with `/v1`, Anthropic's without. */
  readonly baseUrl: string;
  readonly model: string;
  readonly secret: string | null;
  readonly timeouts: UpstreamTimeouts;
  /** Leave out what the provider cannot honour instead of refusing. */
  readonly dropParams: boolean;
  readonly headers?: Readonly<Record<string, string>>;
}

/** The middle two count for streamed calls only. */
export interface UpstreamTimeouts {
  readonly connectMs: number;
  readonly firstTokenMs: number;
  readonly stallMs: number;
  readonly totalMs: number;
}

export interface UpstreamRequest {
  readonly surface: Surface;
  readonly endpoint: string;
  /** The client wants a stream. */
  readonly stream: boolean;
  /** The client asked for the usage chunk. */
  readonly streamUsage: boolean;
  readonly body: Uint8Array;
  /** To pass on: anthropic-version, anthropic-beta, openai-beta, traceparent (lower case). */
  readonly headers: Readonly<Record<string, string>>;
  readonly attemptId: string;
  readonly signal: AbortSignal;
  readonly deadlineAtMs: number;
  /** The answer has begun elsewhere: it is to be gone on with. */
  readonly begun?: BegunText;
}

export interface BegunText {
  readonly text: string;
  readonly way: ContinuesWay;
}

/** One event of the client's stream, in the client's surface. */
export interface Delta {
  readonly event: string | null;
  readonly data: string;
  /** Carries something the model said. The first of these opens the gate for all before it. */
  readonly content: boolean;
}

export interface UpstreamSucceeded {
  readonly kind: 'succeeded';
  readonly status: number;
  /** The complete answer as without streaming, in the client's surface. */
  readonly body: string;
  /** null: the provider did not say. */
  readonly usage: Usage | null;
  readonly model: string | null;
  /** Parameters of the request that this provider did not get. */
  readonly dropped: readonly string[];
  readonly firstTokenMs: number | null;
  readonly rateLimit?: RateLimit;
}

export interface UpstreamFailed {
  readonly kind: 'failed';
  readonly class: AttemptErrorClass;
  readonly status: number | null;
  /** For people; never content, never a secret. */
  readonly message: string;
  /** The provider's 4xx in the client's surface, where the client is to see it. */
  readonly body: string | null;
  /** See `classify.ts`: false only where the provider cannot have run anything. */
  readonly mayHaveCost: boolean;
  readonly retryAfterMs: number | null;
  readonly usage: Usage | null;
  readonly contentSent: boolean;
  readonly rateLimit?: RateLimit;
}

/** What the provider's rate limit headers say; times from now. */
export interface RateLimit {
  readonly requestsLimit: number | null;
  readonly requestsRemaining: number | null;
  readonly requestsResetMs: number | null;
  readonly tokensLimit: number | null;
  readonly tokensRemaining: number | null;
  readonly tokensResetMs: number | null;
}

export type UpstreamOutcome = UpstreamSucceeded | UpstreamFailed;
