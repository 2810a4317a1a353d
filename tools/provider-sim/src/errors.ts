// Error answers as the real APIs give them: status, headers and body for every kind of error.
import { type Behaviour, type ErrorName } from './behaviour';
import { type Complaint, type Surface } from './call';

export interface ErrorAnswer {
  status: number;
  headers: Record<string, string>;
  body: string;
}

export interface ErrorFacts {
  surface: Surface;
  requestId: string;
  behaviour: Behaviour;
  model: string;
  promptTokens: number;
  nowMs: number;
}

interface Shape {
  status: number;
  type: string;
  message: string;
  code?: string;
  param?: string;
}

export function errorAnswer(complaint: Complaint, facts: ErrorFacts): ErrorAnswer {
  const shapes = facts.surface === 'openai' ? openaiShapes : anthropicShapes;
  const shape = shapes[complaint.error](facts);
  // A complaint about the request keeps its own status.
  const wished = complaint.message === undefined ? facts.behaviour.status : undefined;
  const status = wished ?? shape.status;
  const message = complaint.message ?? shape.message;
  const body = facts.surface === 'openai'
    ? openaiBody({ ...shape, message }, complaint.param)
    : anthropicBody({ ...shape, message }, facts.requestId);
  return { status, headers: limitHeaders(status, facts), body };
}

/** The error event inside a stream that began with 200. */
export function errorEvent(surface: Surface, requestId: string): string {
  if (surface === 'anthropic') {
    const shape = { status: 529, type: 'overloaded_error', message: 'Overloaded' };
    return `event: error\ndata: ${anthropicBody(shape, requestId)}\n\n`;
  }
  const shape = { status: 500, type: 'server_error', message: openaiServerError };
  return `data: ${openaiBody(shape, undefined)}\n\n`;
}

const openaiServerError
  = 'The server had an error while processing your request. Sorry about that!';

/** The length that both APIs' complaints speak of. */
const CONTEXT_TOKENS_MAX = 8192;

type Shapes = Record<ErrorName, (facts: ErrorFacts) => Shape>;

const invalid = { status: 400, type: 'invalid_request_error' };

const openaiShapes: Shapes = {
  bad_request: () => ({ ...invalid, message: 'Invalid request.' }),
  unauthorized: () => ({
    ...invalid, status: 401, code: 'invalid_api_key', message: 'Incorrect API key provided.',
  }),
  insufficient_quota: () => ({
    status: 429, type: 'insufficient_quota', code: 'insufficient_quota',
    message: 'You exceeded your current quota, please check your plan and billing details.',
  }),
  forbidden: () => ({
    ...invalid, status: 403, code: 'permission_denied',
    message: 'You do not have access to this resource.',
  }),
  not_found: ({ model }) => ({
    ...invalid, status: 404, code: 'model_not_found',
    message: `The model \`${model}\` does not exist or you do not have access to it.`,
  }),
  rate_limited: ({ model }) => ({
    status: 429, type: 'requests', code: 'rate_limit_exceeded',
    message: `Rate limit reached for ${model} on requests per min (RPM). Please try again later.`,
  }),
  server_error: () => ({ status: 500, type: 'server_error', message: openaiServerError }),
  unavailable: () => ({
    status: 503, type: 'server_error', message: 'The service is temporarily unavailable.',
  }),
  overloaded: () => ({
    status: 503, type: 'server_error',
    message: 'The engine is currently overloaded, please try again later.',
  }),
  context_length_exceeded: ({ promptTokens }) => ({
    ...invalid, code: 'context_length_exceeded', param: 'messages',
    message: `This model's maximum context length is ${CONTEXT_TOKENS_MAX} tokens. However, your `
      + `messages resulted in ${Math.max(promptTokens, CONTEXT_TOKENS_MAX + 1)} tokens. `
      + 'Please reduce the length of the messages.',
  }),
  content_filter: () => ({
    ...invalid, code: 'content_filter', param: 'prompt',
    message: 'The response was filtered due to the prompt triggering the content management '
      + 'policy.',
  }),
};

const anthropicShapes: Shapes = {
  bad_request: () => ({ ...invalid, message: 'Invalid request.' }),
  unauthorized: () => ({
    status: 401, type: 'authentication_error', message: 'invalid x-api-key',
  }),
  insufficient_quota: () => ({
    status: 402, type: 'billing_error',
    message: 'Your credit balance is too low to access the Anthropic API.',
  }),
  forbidden: () => ({
    status: 403, type: 'permission_error',
    message: 'Your API key does not have permission to use the specified resource.',
  }),
  not_found: ({ model }) => ({
    status: 404, type: 'not_found_error', message: `model: ${model}`,
  }),
  rate_limited: () => ({
    status: 429, type: 'rate_limit_error',
    message: "This request would exceed your organization's rate limit.",
  }),
  server_error: () => ({ status: 500, type: 'api_error', message: 'Internal server error' }),
  unavailable: () => ({ status: 503, type: 'api_error', message: 'Service unavailable' }),
  overloaded: () => ({ status: 529, type: 'overloaded_error', message: 'Overloaded' }),
  context_length_exceeded: ({ promptTokens }) => ({
    ...invalid,
    message: `prompt is too long: ${Math.max(promptTokens, CONTEXT_TOKENS_MAX + 1)} tokens > `
      + `${CONTEXT_TOKENS_MAX} maximum`,
  }),
  content_filter: () => ({ ...invalid, message: 'Output blocked by content filtering policy' }),
};

function openaiBody(shape: Shape, param: string | undefined): string {
  const { message, type, code = null } = shape;
  return JSON.stringify({ error: { message, type, param: param ?? shape.param ?? null, code } });
}

function anthropicBody({ type, message }: Shape, requestId: string): string {
  return JSON.stringify({ type: 'error', error: { type, message }, request_id: requestId });
}

function limitHeaders(status: number, facts: ErrorFacts): Record<string, string> {
  const { behaviour, surface, nowMs } = facts;
  if (behaviour.retryAfterS === 'none') return {};
  if (status !== 429) {
    return behaviour.retryAfterS === undefined
      ? {} : { 'retry-after': String(behaviour.retryAfterS) };
  }
  // Without a wish: one second, so that tests of retries stay short.
  const seconds = behaviour.retryAfterS ?? 1;
  const retry = { 'retry-after': String(Math.ceil(seconds)) };
  if (surface === 'openai') {
    return {
      ...retry,
      'retry-after-ms': String(Math.round(seconds * 1000)),
      'x-ratelimit-limit-requests': '500',
      'x-ratelimit-remaining-requests': '0',
      'x-ratelimit-reset-requests': `${seconds}s`,
      'x-ratelimit-limit-tokens': '200000',
      'x-ratelimit-remaining-tokens': '0',
      'x-ratelimit-reset-tokens': `${seconds}s`,
    };
  }
  const reset = new Date(nowMs + seconds * 1000).toISOString();
  return {
    ...retry,
    'anthropic-ratelimit-requests-limit': '500',
    'anthropic-ratelimit-requests-remaining': '0',
    'anthropic-ratelimit-requests-reset': reset,
    'anthropic-ratelimit-tokens-limit': '200000',
    'anthropic-ratelimit-tokens-remaining': '0',
    'anthropic-ratelimit-tokens-reset': reset,
  };
}
