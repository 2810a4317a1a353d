// A Messages request as a chat completions request.
import { isOwnTool } from '../anthropic/inspect-messages';
import { isGiven, isObject, type JsonObject, listOf, objectOf, objectsOf, textOf } from '../json';
import { takesMaxCompletionTokens } from '../openai/models';
import { stopsMax } from '../openai/inspect-chat';
import { effortOfBudget, openaiEffort } from './effort';
import { isStrictSchema } from './json-schema';
import { messagesToChatMessages } from './messages-conversation';
import { type Losses, noLosses, noteUnknownFields, type Translation, translation }
  from './translation';

/** `model` is the one to be asked at the provider. */
export function messagesToChat(request: JsonObject, model: string): Translation {
  const losses = noLosses();
  const maxTokens = takesMaxCompletionTokens(model) ? 'max_completion_tokens' : 'max_tokens';
  const body: JsonObject = {
    model,
    messages: messagesToChatMessages(request, losses),
    ...(isGiven(request.max_tokens) ? { [maxTokens]: request.max_tokens } : {}),
    ...given('temperature', request.temperature),
    ...given('top_p', request.top_p),
    ...tools(request, losses),
    ...reasoning(request),
    ...format(request),
    ...stops(request, losses),
    ...user(request, losses),
    ...(request.stream === true
      ? { stream: true, stream_options: { include_usage: true } }
      : {}),
  };
  if (isGiven(request.top_k)) losses.unsupported.add('top_k');
  if (listOf(request.mcp_servers).length > 0) losses.unsupported.add('mcp_servers');
  noteUnknownFields(request, translated, losses);
  return translation(body, losses);
}

/** Fields that are translated, or reported by their own rule. */
const translated: ReadonlySet<string> = new Set([
  'model', 'messages', 'system', 'max_tokens', 'temperature', 'top_p', 'top_k', 'tools',
  'tool_choice', 'thinking', 'output_config', 'stop_sequences', 'metadata', 'stream',
  'mcp_servers', 'cache_control',
]);

function given(param: string, value: unknown): JsonObject {
  return isGiven(value) ? { [param]: value } : {};
}

function tools(request: JsonObject, losses: Losses): JsonObject {
  const all = objectsOf(request.tools);
  const own = all.filter(isOwnTool);
  if (own.length < all.length) losses.unsupported.add('tools');
  if (own.length === 0) return {};
  const choice = objectOf(request.tool_choice);
  return {
    tools: own.map(functionTool),
    ...toolChoice(choice),
    ...(choice.disable_parallel_tool_use === true ? { parallel_tool_calls: false } : {}),
  };
}

function functionTool(tool: JsonObject): JsonObject {
  const description = textOf(tool.description);
  return {
    type: 'function',
    function: {
      name: textOf(tool.name),
      ...(description === '' ? {} : { description }),
      parameters: objectOf(tool.input_schema),
      ...(tool.strict === true && isStrictSchema(tool.input_schema) ? { strict: true } : {}),
    },
  };
}

function toolChoice(choice: JsonObject): JsonObject {
  switch (choice.type) {
    case 'auto':
      return { tool_choice: 'auto' };
    case 'any':
      return { tool_choice: 'required' };
    case 'none':
      return { tool_choice: 'none' };
    case 'tool':
      return { tool_choice: { type: 'function', function: { name: textOf(choice.name) } } };
    default:
      return {};
  }
}

/** An explicit effort says more than a budget. */
function reasoning(request: JsonObject): JsonObject {
  const effort = textOf(objectOf(request.output_config).effort);
  if (effort !== '') return { reasoning_effort: openaiEffort(effort) };
  const thinking = objectOf(request.thinking);
  if (thinking.type !== 'enabled') return {};
  const budget = typeof thinking.budget_tokens === 'number' ? thinking.budget_tokens : 0;
  return { reasoning_effort: effortOfBudget(budget) };
}

function format(request: JsonObject): JsonObject {
  const wanted = objectOf(request.output_config).format;
  if (!isObject(wanted)) return {};
  const { schema } = wanted;
  // `strict` is refused for schemas that leave anything open, which Anthropic allows.
  const json = { name: 'answer', schema, strict: isStrictSchema(schema) };
  return { response_format: { type: 'json_schema', json_schema: json } };
}

function stops(request: JsonObject, losses: Losses): JsonObject {
  const all = listOf(request.stop_sequences);
  if (all.length === 0) return {};
  if (all.length > stopsMax) losses.unsupported.add('stop_sequences');
  return { stop: all.slice(0, stopsMax) };
}

function user(request: JsonObject, losses: Losses): JsonObject {
  const metadata = objectOf(request.metadata);
  if (Object.keys(metadata).some((key) => key !== 'user_id')) losses.hints.add('metadata');
  const id = textOf(metadata.user_id);
  return id === '' ? {} : { user: id };
}
