// Tool definitions and tool choice: chat completions → Messages.
import { isGiven, type JsonObject, objectOf, objectsOf, textOf } from '../json';
import { cacheControlOf } from './media';
import { type Losses } from './translation';

export interface AnthropicTools {
  readonly fields: JsonObject;
  /** The model has to call a tool. */
  readonly isForced: boolean;
}

export function toolsToAnthropic(
  chat: JsonObject, messages: readonly JsonObject[], losses: Losses,
): AnthropicTools {
  const tools = definedTools(chat, losses);
  if (tools.length === 0) {
    const called = calledTools(messages);
    // Anthropic wants definitions for the calls in a history, also when none may be made any more.
    return called.length === 0
      ? { fields: {}, isForced: false }
      : { fields: { tools: called, tool_choice: { type: 'none' } }, isForced: false };
  }
  const choice = toolChoice(chat, losses);
  const isForced = choice?.type === 'any' || choice?.type === 'tool';
  return { fields: { tools, ...(choice === null ? {} : { tool_choice: choice }) }, isForced };
}

function definedTools(chat: JsonObject, losses: Losses): JsonObject[] {
  const out: JsonObject[] = [];
  for (const tool of objectsOf(chat.tools)) {
    if (tool.type === 'function') out.push(toolOf(objectOf(tool.function), tool));
    else losses.unsupported.add('tools');
  }
  // The form before `tools`.
  for (const definition of objectsOf(chat.functions)) out.push(toolOf(definition, definition));
  return out;
}

function toolOf(definition: JsonObject, marked: JsonObject): JsonObject {
  const description = textOf(definition.description);
  const parameters = objectOf(definition.parameters);
  return {
    name: textOf(definition.name),
    ...(description === '' ? {} : { description }),
    input_schema: Object.hasOwn(parameters, 'type')
      ? parameters
      : { type: 'object', properties: {}, ...parameters },
    ...cacheControlOf(isGiven(marked.cache_control) ? marked : definition),
  };
}

function toolChoice(chat: JsonObject, losses: Losses): JsonObject | null {
  const oneAtATime = chat.parallel_tool_calls === false ? { disable_parallel_tool_use: true } : {};
  const asked = chat.tool_choice ?? chat.function_call;
  if (asked === 'none') return { type: 'none' };
  if (asked === 'required') return { type: 'any', ...oneAtATime };
  const named = objectOf(asked);
  const name = textOf(objectOf(named.function).name) || textOf(named.name);
  if (name !== '') return { type: 'tool', name, ...oneAtATime };
  if (named.type === 'allowed_tools') {
    // Which tools may be called cannot be said apart from which exist.
    losses.unsupported.add('tool_choice');
    const isRequired = objectOf(named.allowed_tools).mode === 'required';
    return { type: isRequired ? 'any' : 'auto', ...oneAtATime };
  }
  return asked === 'auto' || chat.parallel_tool_calls === false
    ? { type: 'auto', ...oneAtATime }
    : null;
}

function calledTools(messages: readonly JsonObject[]): JsonObject[] {
  const names = new Set<string>();
  for (const message of messages) {
    for (const block of objectsOf(message.content)) {
      if (block.type === 'tool_use') names.add(textOf(block.name));
    }
  }
  return [...names].map((name) => ({ name, input_schema: { type: 'object', properties: {} } }));
}
