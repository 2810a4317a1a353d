// Marks that a translation leaves, so that a later turn of the conversation can be understood.

/**
 * Signature of a thinking block that was made from another kind's reasoning. Anthropic would refuse
 * it, so such blocks are taken out again before a request goes there.
 */
export const unsignedThinking = 'holdfast.unsigned';

/**
 * Anthropic's thinking on OpenAI's surface: LiteLLM's documented extension of the message,
 * `reasoning_content` (text) and `thinking_blocks` (with signatures, to be sent back as they are).
 */
export const thinkingBlocksField = 'thinking_blocks';
export const reasoningField = 'reasoning_content';
