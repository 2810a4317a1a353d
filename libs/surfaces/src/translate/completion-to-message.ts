// A complete chat completion as a Messages response. Anthropic knows one choice only.
import { isObject, type JsonObject, objectOf, objectsOf, parseJson, textOf } from '../json';
import { reasoningField, thinkingBlocksField, unsignedThinking } from './marks';
import { stopReasonOf } from './stop-reasons';
import { messageUsageOf } from './usage';

export function completionToMessage(completion: JsonObject): JsonObject {
  const choice = objectOf(objectsOf(completion.choices)[0]);
  const message = objectOf(choice.message);
  const content = contentBlocks(message);
  const hasToolCalls = content.some((block) => block.type === 'tool_use');
  const reason = stopReasonOf(choice.finish_reason, hasToolCalls);
  return {
    ...emptyMessage(textOf(completion.id), textOf(completion.model)),
    content,
    stop_reason: reason,
    stop_details: stopDetailsOf(reason, message.refusal),
    usage: messageUsageOf(completion.usage),
  };
}

/** Every field of the SDK's type, nothing said yet. */
export function emptyMessage(completionId: string, model: string): JsonObject {
  return {
    id: completionId.startsWith('msg_') ? completionId : `msg_${completionId}`,
    type: 'message',
    role: 'assistant',
    model,
    content: [],
    stop_reason: null,
    stop_sequence: null,
    stop_details: null,
    container: null,
    diagnostics: null,
    usage: messageUsageOf(null),
  };
}

export function stopDetailsOf(reason: string, refusal: unknown): JsonObject | null {
  if (reason !== 'refusal') return null;
  const explanation = textOf(refusal) === '' ? null : refusal;
  return { type: 'refusal', category: null, explanation };
}

/** What a provider reasoned in the open; the field's name differs between compatible servers. */
export function reasoningOf(message: JsonObject): string {
  return textOf(message[reasoningField]) || textOf(message.reasoning);
}

export function toolUseBlock(id: string, name: string, input: unknown): JsonObject {
  return { type: 'tool_use', id, name, input, caller: { type: 'direct' } };
}

export function unsignedThinkingBlock(thinking: string): JsonObject {
  return { type: 'thinking', thinking, signature: unsignedThinking };
}

function contentBlocks(message: JsonObject): JsonObject[] {
  const signed = objectsOf(message[thinkingBlocksField]);
  const reasoning = reasoningOf(message);
  const blocks = signed.length > 0
    ? [...signed]
    : reasoning === '' ? [] : [unsignedThinkingBlock(reasoning)];
  const text = textOf(message.content) || textOf(message.refusal);
  if (text !== '') blocks.push({ type: 'text', text, citations: null });
  for (const call of objectsOf(message.tool_calls)) {
    const definition = objectOf(call.function ?? call.custom);
    blocks.push(toolUseBlock(
      textOf(call.id), textOf(definition.name), inputOf(definition.arguments ?? definition.input),
    ));
  }
  return blocks;
}

/** Arguments that are no JSON object are kept readable. */
export function inputOf(given: unknown): JsonObject {
  const text = textOf(given);
  const parsed = parseJson(text);
  if (isObject(parsed)) return parsed;
  return text.trim() === '' ? {} : { input: text };
}
