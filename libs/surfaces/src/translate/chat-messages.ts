// The conversation of a chat completions request as system blocks and Messages turns.
import { isObject, type JsonObject, listOf, objectOf, objectsOf, parseJson, textOf }
  from '../json';
import { thinkingBlocksField, unsignedThinking } from './marks';
import { cacheControlOf, documentBlockOf, imageBlockOf } from './media';
import { type Losses } from './translation';

export interface AnthropicConversation {
  readonly system: JsonObject[];
  readonly messages: JsonObject[];
}

/** System and developer messages go to the top, consecutive turns of one role become one. */
export function chatMessagesToMessages(chat: JsonObject, losses: Losses): AnthropicConversation {
  const system: JsonObject[] = [];
  const turns: { role: 'user' | 'assistant'; content: JsonObject[] }[] = [];
  const add = (role: 'user' | 'assistant', blocks: JsonObject[]): void => {
    if (blocks.length === 0) return;
    const last = turns.at(-1);
    if (last?.role === role) last.content.push(...blocks);
    else turns.push({ role, content: blocks });
  };
  for (const message of objectsOf(chat.messages)) {
    switch (message.role) {
      case 'system':
      case 'developer':
        system.push(...contentBlocks(message, losses));
        break;
      case 'assistant':
        add('assistant', assistantBlocks(message, losses));
        break;
      case 'tool':
      case 'function':
        add('user', [toolResult(message, losses)]);
        break;
      default:
        add('user', contentBlocks(message, losses));
    }
  }
  return withUserFirst(system, turns);
}

/** Anthropic wants at least one turn, the user's first. */
function withUserFirst(
  system: JsonObject[], turns: { role: 'user' | 'assistant'; content: JsonObject[] }[],
): AnthropicConversation {
  if (turns.length === 0) {
    // A prompt of system messages alone is one that the user wants answered.
    return { system: [], messages: [{ role: 'user', content: system }] };
  }
  if (turns[0]?.role === 'assistant') {
    turns.unshift({ role: 'user', content: [{ type: 'text', text: '(conversation so far)' }] });
  }
  const last = turns.at(-1);
  const end = last?.content.at(-1);
  // A prefilled answer must not end in white space.
  if (last?.role === 'assistant' && end?.type === 'text') end.text = textOf(end.text).trimEnd();
  for (const turn of turns) turn.content = resultsFirst(turn.content);
  return { system, messages: turns };
}

/** Anthropic wants the results of tools before anything else the user says. */
function resultsFirst(blocks: JsonObject[]): JsonObject[] {
  const results = blocks.filter((block) => block.type === 'tool_result');
  if (results.length === 0) return blocks;
  return [...results, ...blocks.filter((block) => block.type !== 'tool_result')];
}

function contentBlocks(message: JsonObject, losses: Losses): JsonObject[] {
  const { content } = message;
  // Anthropic refuses empty text.
  if (typeof content === 'string') {
    return content === '' ? [] : [{ type: 'text', text: content, ...cacheControlOf(message) }];
  }
  return objectsOf(content).flatMap((part) => {
    const block = blockOfPart(part, losses);
    return block === null ? [] : [block];
  });
}

function blockOfPart(part: JsonObject, losses: Losses): JsonObject | null {
  switch (part.type) {
    case 'text': {
      const text = textOf(part.text);
      return text === '' ? null : { type: 'text', text, ...cacheControlOf(part) };
    }
    case 'refusal':
      return { type: 'text', text: textOf(part.refusal) };
    case 'image_url':
      return imageBlockOf(part);
    case 'file':
      return documentBlockOf(part, losses);
    case 'input_audio':
      losses.unsupported.add('messages.audio');
      return null;
    default:
      losses.unsupported.add(`messages.${textOf(part.type)}`);
      return null;
  }
}

/** Thinking comes first, exactly as Anthropic signed it. */
function assistantBlocks(message: JsonObject, losses: Losses): JsonObject[] {
  const thinking = objectsOf(message[thinkingBlocksField]).filter(
    (block) => block.signature !== unsignedThinking,
  );
  const blocks = [...thinking, ...contentBlocks(message, losses)];
  if (typeof message.refusal === 'string' && message.refusal !== '') {
    blocks.push({ type: 'text', text: message.refusal });
  }
  for (const call of listOf(message.tool_calls).filter(isObject)) {
    const definition = objectOf(call.function ?? call.custom);
    blocks.push(toolUse(textOf(call.id), definition));
  }
  if (isObject(message.function_call)) {
    // The form before `tools` has no ids: the function's name ties call and result together.
    blocks.push(toolUse(textOf(message.function_call.name), message.function_call));
  }
  return blocks;
}

function toolUse(id: string, definition: JsonObject): JsonObject {
  const given = definition.arguments ?? definition.input;
  const parsed = parseJson(textOf(given));
  const input = isObject(parsed) ? parsed : wrongInput(textOf(given));
  return { type: 'tool_use', id: anthropicId(id), name: textOf(definition.name), input };
}

/** Arguments that are not a JSON object are kept readable instead of being refused. */
function wrongInput(text: string): JsonObject {
  return text.trim() === '' ? {} : { input: text };
}

function toolResult(message: JsonObject, losses: Losses): JsonObject {
  const id = textOf(message.tool_call_id) || textOf(message.name);
  const { content } = message;
  return {
    type: 'tool_result',
    tool_use_id: anthropicId(id),
    content: typeof content === 'string' ? content : contentBlocks(message, losses),
    ...cacheControlOf(message),
  };
}

/** Anthropic takes letters, digits, `_` and `-` only. */
function anthropicId(id: string): string {
  return id.replaceAll(/[^a-zA-Z0-9_-]/g, '_');
}
