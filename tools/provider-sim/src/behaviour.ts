// How a call is to be treated: its speed, its length, its fault. The closed list of faults.
import { z } from 'zod';

export const faultNames = [
  // Answers with an error status; no cost.
  'bad_request', 'unauthorized', 'insufficient_quota', 'forbidden', 'not_found', 'rate_limited',
  'server_error', 'unavailable', 'overloaded', 'context_length_exceeded', 'content_filter',
  // No answer at all.
  'refuse', 'hang',
  // An answer that goes wrong on its way.
  'stall', 'reset', 'truncated', 'garbage', 'error_event', 'drip', 'content_type',
  // A complete answer that ends for a reason of policy.
  'filtered',
] as const;
export type FaultName = (typeof faultNames)[number];

export type ErrorName = Extract<
  FaultName,
  | 'bad_request' | 'unauthorized' | 'insufficient_quota' | 'forbidden' | 'not_found'
  | 'rate_limited' | 'server_error' | 'unavailable' | 'overloaded' | 'context_length_exceeded'
  | 'content_filter'
>;

const count = z.number().int().min(0);
const range = z.union([z.number().min(0), z.tuple([z.number().min(0), z.number().min(0)])]);

/** A pair is a range, from which the provider's seed draws. */
export const behaviourSchema = z.strictObject({
  latencyMs: range.optional(),
  tokens: range.optional(),
  /** 0: as fast as possible. */
  tokensPerS: z.number().min(0).optional(),
  fault: z.enum(faultNames).optional(),
  /** Another status for an error; alone it is an error with that status. */
  status: z.number().int().min(400).max(599).optional(),
  /** `none`: no header says when to come back, also where the API would. */
  retryAfterS: z.union([z.number().min(0), z.literal('none')]).optional(),
  /** Where stall, reset, truncated, garbage and error_event strike; default: half way. */
  afterTokens: count.optional(),
  /** Cached prompt tokens to report (OpenAI; Anthropic's follow from cache_control). */
  cachedTokens: count.optional(),
  /** Reasoning tokens to report and bill on top of the text (OpenAI). */
  reasoningTokens: count.optional(),
  dripBytes: count.min(1).optional(),
  dripMs: count.optional(),
});
export type Behaviour = z.infer<typeof behaviourSchema>;

const statusFaults: Record<number, ErrorName> = {
  400: 'bad_request', 401: 'unauthorized', 402: 'insufficient_quota', 403: 'forbidden',
  404: 'not_found', 429: 'rate_limited', 500: 'server_error', 503: 'unavailable',
  529: 'overloaded',
};

/** The error that this behaviour asks for, if it asks for one. */
export function errorOf(behaviour: Behaviour): ErrorName | undefined {
  if (behaviour.fault === undefined) {
    if (behaviour.status === undefined) return undefined;
    return statusFaults[behaviour.status]
      ?? (behaviour.status < 500 ? 'bad_request' : 'server_error');
  }
  return isError(behaviour.fault) ? behaviour.fault : undefined;
}

function isError(fault: FaultName): fault is ErrorName {
  switch (fault) {
    case 'bad_request': case 'unauthorized': case 'insufficient_quota': case 'forbidden':
    case 'not_found': case 'rate_limited': case 'server_error': case 'unavailable':
    case 'overloaded': case 'context_length_exceeded': case 'content_filter':
      return true;
    case 'refuse': case 'hang': case 'stall': case 'reset': case 'truncated': case 'garbage':
    case 'error_event': case 'drip': case 'content_type': case 'filtered':
      return false;
  }
}

/** Models whose name already says how they behave. */
export const builtInModels: Readonly<Record<string, Behaviour>> = {
  'sim-small': { tokens: 16 },
  'sim-large': { tokens: 400 },
  'sim-slow': { latencyMs: 2000 },
  'sim-fail': { fault: 'server_error' },
};
