// What depends on the generation of a Claude model. Names that are not Claude's (compatible servers)
// are taken for the older, most widely copied behaviour.

/** Claude 3 to 4.1: no `output_config`, no strict tools; thinking by a token budget. */
export function isLegacyClaude(model: string): boolean {
  return !model.includes('claude') || /claude-(2|3|instant)|-4(-[01])?(-\d{8})?$|-4@/.test(model);
}

/** From 4.6 on the model itself decides how much to think, steered by an effort. */
export function thinksAdaptively(model: string): boolean {
  return model.includes('claude') && !isLegacyClaude(model) && !/-4-5/.test(model);
}

/** From 4.7 on `temperature`, `top_p` and `top_k` are refused (and gone from the SDK's types). */
export function takesSampling(model: string): boolean {
  return !thinksAdaptively(model) || /-4-6/.test(model);
}

/** `max_tokens` is required there; used when a client of the other surface names none. */
export function outputTokensDefault(model: string): number {
  // The first Claude 3 models refuse more than 4,096; all later ones take 8,192.
  return /claude-3-(opus|sonnet|haiku)/.test(model) ? 4096 : 8192;
}

/**
 * From 4.6 on an answer cannot be begun for the model: 400, “This model does not support assistant
 * message prefill”. Names that are not Claude's are not guessed at here.
 */
export function takesPrefill(model: string): boolean {
  return model.includes('claude') && !thinksAdaptively(model);
}
