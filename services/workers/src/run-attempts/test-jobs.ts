// Candidates, routings and provider outcomes for the specs of this folder.
import { type AttemptErrorClass } from '@libs/events/attempt-errors';
import { type Catalogue } from '@libs/events/catalogue';
import { type Candidate } from '@libs/events/job-events';
import { sha256Hex } from '@libs/log/content';
import { type UpstreamFailed, type UpstreamOutcome } from '../providers/outcome';

/** 2 pico-USD for an input token, 3 for an output token. */
export const price = {
  input_per_token: '2', cached_input_per_token: '1', cache_write_per_token: '2',
  output_per_token: '3', per_request: '0',
};

export const usage = {
  input_tokens: 10, cached_input_tokens: 0, cache_write_tokens: 0, output_tokens: 5,
  reasoning_tokens: 0,
};

export function candidate(provider: string, model = 'm'): Candidate {
  return { provider, key: 'main', model, price, drop: [] };
}

export const requestBody = '{"model":"chat","messages":[]}';

export function routed(
  plan: readonly Candidate[], change: Partial<Catalogue['JobRouted']> = {},
): Catalogue['JobRouted'] {
  return {
    routing: 1,
    call: {
      surface: 'openai', endpoint: '/v1/chat/completions', stream: false, stream_usage: false,
      reply_to: 'ing', headers: {},
    },
    plan: [...plan],
    fallbacks_by_class: { context_too_long: [], content_filtered: [] },
    hold: null,
    deadline_at_ms: Date.now() + 60_000,
    seen: 1,
    now_ms: 0,
    seed: 1,
    reasons: [],
    governance_sequence: 0,
    submission: { sequence: 1, line: 0 },
    body: { sha256: sha256Hex(requestBody), bytes: requestBody.length, where: 'line' },
    ...change,
  };
}

export function answer(body = '{"answer":1}'): UpstreamOutcome {
  return {
    kind: 'succeeded', status: 200, body, usage, model: 'm-2026', dropped: [], firstTokenMs: null,
  };
}

export function failure(
  errorClass: AttemptErrorClass, change: Partial<UpstreamFailed> = {},
): UpstreamFailed {
  return {
    kind: 'failed', class: errorClass, status: 500, message: `it was ${errorClass}`, body: null,
    mayHaveCost: false, retryAfterMs: null, usage: null, contentSent: false, ...change,
  };
}
