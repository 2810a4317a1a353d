// Usage from one surface's shape to the other's. OpenAI counts cached tokens into the prompt,
// Anthropic beside it.
import { type Usage } from '@libs/events/usage';
import { normalizeUsage } from '../usage';
import { type JsonObject } from '../json';

export function completionUsageOf(messageUsage: unknown): JsonObject {
  const usage = normalizeUsage('anthropic', messageUsage) ?? nothing;
  return {
    prompt_tokens: usage.input_tokens,
    completion_tokens: usage.output_tokens,
    total_tokens: usage.input_tokens + usage.output_tokens,
    prompt_tokens_details: { cached_tokens: usage.cached_input_tokens },
    completion_tokens_details: { reasoning_tokens: usage.reasoning_tokens },
  };
}

/** All fields of the SDK's type, so that strict clients find what they expect. */
export function messageUsageOf(completionUsage: unknown): JsonObject {
  const usage = normalizeUsage('openai', completionUsage) ?? nothing;
  const beside = usage.cached_input_tokens + usage.cache_write_tokens;
  return {
    input_tokens: Math.max(0, usage.input_tokens - beside),
    output_tokens: usage.output_tokens,
    cache_read_input_tokens: usage.cached_input_tokens,
    cache_creation_input_tokens: usage.cache_write_tokens,
    cache_creation: null,
    server_tool_use: null,
    service_tier: 'standard',
    output_tokens_details: { thinking_tokens: usage.reasoning_tokens },
    inference_geo: null,
    speed: null,
  };
}

const nothing: Usage = {
  input_tokens: 0,
  cached_input_tokens: 0,
  cache_write_tokens: 0,
  output_tokens: 0,
  reasoning_tokens: 0,
};
