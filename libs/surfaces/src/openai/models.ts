// What depends on the name of a model of an OpenAI-compatible provider.

/**
 * OpenAI's own models take (and its reasoning models require) `max_completion_tokens`; many
 * compatible servers only know `max_tokens`.
 */
export function takesMaxCompletionTokens(model: string): boolean {
  const name = model.slice(model.lastIndexOf('/') + 1);
  return /^(o\d|gpt-[4-9]|chatgpt-)/.test(name);
}
