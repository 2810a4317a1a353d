// OpenAI's account of tokens.
import { type Call } from './call';
import { promptTokens } from './prompt';
import { type BilledUsage } from './tokens';

export function openaiUsage(call: Call, textTokens: number): BilledUsage {
  const prompt = promptTokens(call.prompt);
  const reasoning = call.behaviour.reasoningTokens ?? 0;
  return {
    prompt,
    completion: textTokens + reasoning,
    cached: Math.min(prompt, call.behaviour.cachedTokens ?? 0),
    cacheWrite: 0,
    reasoning,
  };
}

export function usageFields(usage: BilledUsage): object {
  return {
    prompt_tokens: usage.prompt,
    completion_tokens: usage.completion,
    total_tokens: usage.prompt + usage.completion,
    prompt_tokens_details: { cached_tokens: usage.cached, audio_tokens: 0 },
    completion_tokens_details: {
      reasoning_tokens: usage.reasoning,
      audio_tokens: 0,
      accepted_prediction_tokens: 0,
      rejected_prediction_tokens: 0,
    },
  };
}
