// A complete Messages response as a chat completion.
import { type JsonObject, objectOf, objectsOf, textOf, textOrNull } from '../json';
import { reasoningField, thinkingBlocksField } from './marks';
import { toolCall } from './messages-conversation';
import { finishReasonOf } from './stop-reasons';
import { completionUsageOf } from './usage';

/** `createdS`: seconds since 1970; a message carries no time. */
export function messageToCompletion(message: JsonObject, createdS: number): JsonObject {
  return {
    id: completionIdOf(textOf(message.id)),
    object: 'chat.completion',
    created: createdS,
    model: textOf(message.model),
    choices: [{
      index: 0,
      message: assistantMessage(message),
      logprobs: null,
      finish_reason: finishReasonOf(message.stop_reason),
    }],
    usage: completionUsageOf(message.usage),
  };
}

/** Recognisable on both sides, so that a provider's support can find it. */
export function completionIdOf(messageId: string): string {
  return messageId.startsWith('chatcmpl-') ? messageId : `chatcmpl-${messageId}`;
}

function assistantMessage(message: JsonObject): JsonObject {
  const blocks = objectsOf(message.content);
  const text = blocks.filter((b) => b.type === 'text').map((b) => textOf(b.text)).join('');
  const calls = blocks.filter((block) => block.type === 'tool_use').map(toolCall);
  const thinking = blocks.filter(isThinking);
  const reasoning = thinking.map((block) => textOf(block.thinking)).join('');
  return {
    role: 'assistant',
    content: text === '' && (calls.length > 0 || blocks.length === 0) ? null : text,
    refusal: textOrNull(objectOf(message.stop_details).explanation),
    ...(reasoning === '' ? {} : { [reasoningField]: reasoning }),
    ...(thinking.length === 0 ? {} : { [thinkingBlocksField]: thinking }),
    ...(calls.length === 0 ? {} : { tool_calls: calls }),
  };
}

function isThinking(block: JsonObject): boolean {
  return block.type === 'thinking' || block.type === 'redacted_thinking';
}
