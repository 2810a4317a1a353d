// Reads the usage of either kind of provider into the one shape that is booked.
import { type Usage } from '@libs/events/usage';
import { countOf, isObject, objectOf } from './json';
import { type ProviderKind } from './surface';

/** null where the provider said nothing: unknown is never booked as zero. */
export function normalizeUsage(kind: ProviderKind, usage: unknown): Usage | null {
  if (!isObject(usage)) return null;
  switch (kind) {
    case 'openai':
      return openaiUsage(usage);
    case 'anthropic':
      return anthropicUsage(usage);
  }
}

/** OpenAI's `prompt_tokens` include the cached ones. */
function openaiUsage(usage: Record<string, unknown>): Usage | null {
  if (typeof usage.prompt_tokens !== 'number') return null;
  const prompt = objectOf(usage.prompt_tokens_details);
  const completion = objectOf(usage.completion_tokens_details);
  return {
    input_tokens: countOf(usage.prompt_tokens),
    // DeepSeek and its like say `prompt_cache_hit_tokens` beside OpenAI's own field.
    cached_input_tokens: countOf(prompt.cached_tokens ?? usage.prompt_cache_hit_tokens),
    cache_write_tokens: countOf(prompt.cache_write_tokens ?? prompt.cache_creation_tokens),
    output_tokens: countOf(usage.completion_tokens),
    reasoning_tokens: countOf(completion.reasoning_tokens),
    ...given({
      audio_input_tokens: prompt.audio_tokens,
      cached_audio_tokens: objectOf(prompt.cached_tokens_details).audio_tokens,
      image_input_tokens: prompt.image_tokens,
      audio_output_tokens: completion.audio_tokens,
      image_output_tokens: completion.image_tokens,
    }),
  };
}

/** Anthropic's `input_tokens` exclude what was read from and written to the cache. */
function anthropicUsage(usage: Record<string, unknown>): Usage | null {
  if (typeof usage.input_tokens !== 'number') return null;
  const cached = countOf(usage.cache_read_input_tokens);
  const written = countOf(usage.cache_creation_input_tokens);
  return {
    input_tokens: countOf(usage.input_tokens) + cached + written,
    cached_input_tokens: cached,
    cache_write_tokens: written,
    output_tokens: countOf(usage.output_tokens),
    reasoning_tokens: countOf(objectOf(usage.output_tokens_details).thinking_tokens),
    ...given({
      cache_write_1h_tokens: objectOf(usage.cache_creation).ephemeral_1h_input_tokens,
      web_searches: objectOf(usage.server_tool_use).web_search_requests,
    }),
  };
}

type Part = Exclude<keyof Usage, `${'input' | 'output' | 'cached_input' | 'cache_write' | 'reasoning'}_tokens`>;

/** Only what there was: most answers have none of it. */
function given(parts: Partial<Record<Part, unknown>>): Partial<Record<Part, number>> {
  const found: Partial<Record<Part, number>> = {};
  for (const name of Object.keys(parts) as Part[]) {
    const count = countOf(parts[name]);
    if (count > 0) found[name] = count;
  }
  return found;
}
