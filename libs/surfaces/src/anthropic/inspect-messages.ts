// Shape checks and needs of `/v1/messages` and `/v1/messages/count_tokens`.
import {
  checkBoolean, checkMessages, checkNumber, checkObjects, firstRefusal, missing, type Refusal,
  wrongType,
} from '../checks';
import { estimatePromptTokens } from '../estimate';
import { type Inspection } from '../inspection';
import { isGiven, type JsonObject, listOf, objectOf, objectsOf } from '../json';
import { type Need } from '../needs';
import { stopsMax } from '../openai/inspect-chat';

/** `system` in the middle of a conversation is taken by newer models. */
const roles: ReadonlySet<string> = new Set(['user', 'assistant', 'system']);

/** `count`: the endpoint that only counts tokens asks for no `max_tokens` and never streams. */
export function inspectMessages(body: JsonObject, use: 'create' | 'count'): Inspection | Refusal {
  const refusal = checkMessagesRequest(body, use);
  if (refusal !== null) return refusal;
  const stream = use === 'create' && body.stream === true;
  return {
    kind: 'ok',
    model: body.model as string,
    stream,
    needs: messagesNeeds(body),
    maxOutputTokens: use === 'count' ? 0 : (body.max_tokens as number),
    answers: 1,
    promptTokensEstimate: estimatePromptTokens([
      body.system, body.messages, body.tools, objectOf(body.output_config).format,
    ]),
    wantsStreamUsage: stream,
  };
}

function checkMessagesRequest(body: JsonObject, use: 'create' | 'count'): Refusal | null {
  return firstRefusal([
    () => (use === 'create' && !isGiven(body.max_tokens) ? missing('max_tokens') : null),
    () => checkNumber(body, 'max_tokens', { min: 1, whole: true }),
    () => checkMessages(body, roles),
    () => checkSystem(body),
    () => checkBoolean(body, 'stream'),
    () => checkNumber(body, 'temperature', { min: 0, max: 1 }),
    () => checkNumber(body, 'top_p', { min: 0, max: 1 }),
    () => checkNumber(body, 'top_k', { min: 0, whole: true }),
    () => checkObjects(body, 'tools'),
    () => checkStops(body),
  ]);
}

function checkSystem(body: JsonObject): Refusal | null {
  const { system } = body;
  if (!isGiven(system) || typeof system === 'string') return null;
  return Array.isArray(system)
    ? checkObjects(body, 'system')
    : wrongType('system', 'a string or an array of text blocks');
}

function checkStops(body: JsonObject): Refusal | null {
  const stops = body.stop_sequences;
  if (!isGiven(stops)) return null;
  return Array.isArray(stops) && stops.every((stop) => typeof stop === 'string')
    ? null
    : wrongType('stop_sequences', 'an array of strings');
}

type Add = (need: Need, when: boolean) => void;

function messagesNeeds(body: JsonObject): Need[] {
  const found = new Set<Need>();
  const add: Add = (need, when) => {
    if (when) found.add(need);
  };
  const stops = listOf(body.stop_sequences).length;
  const tools = objectsOf(body.tools);
  add('streaming', body.stream === true);
  add('stop', stops > 0);
  add('many_stops', stops > stopsMax);
  add('top_k', isGiven(body.top_k));
  add('thinking', asksForThinking(body));
  add('metadata', isGiven(body.metadata));
  add('service_tier', isGiven(body.service_tier) && body.service_tier !== 'auto');
  add('sampling', isGiven(body.temperature) || isGiven(body.top_p));
  add('json_schema', isGiven(objectOf(body.output_config).format));
  add('tools', tools.some(isOwnTool));
  add('server_tools', !tools.every(isOwnTool) || listOf(body.mcp_servers).length > 0);
  add('parallel_tools', objectOf(body.tool_choice).disable_parallel_tool_use === true);
  for (const message of objectsOf(body.messages)) {
    for (const block of objectsOf(message.content)) blockNeeds(block, add);
  }
  for (const block of objectsOf(body.system)) {
    add('cache_control', isGiven(block.cache_control));
  }
  return [...found];
}

/** A tool that the client runs itself; all others are run or shaped by Anthropic. */
export function isOwnTool(tool: JsonObject): boolean {
  return !isGiven(tool.type) || tool.type === 'custom';
}

function asksForThinking(body: JsonObject): boolean {
  const type = objectOf(body.thinking).type;
  return (type !== undefined && type !== 'disabled') || isGiven(objectOf(body.output_config).effort);
}

/** Others are made by Anthropic's own tools and mean nothing elsewhere. */
const knownBlocks: ReadonlySet<unknown> = new Set([
  'text', 'image', 'document', 'search_result', 'thinking', 'redacted_thinking', 'tool_use',
  'tool_result',
]);

function blockNeeds(block: JsonObject, add: Add): void {
  const source = objectOf(block.source).type;
  add('images', block.type === 'image');
  add('documents', block.type === 'document');
  add('document_urls', block.type === 'document' && source === 'url');
  add('file_ids', source === 'file');
  add('unknown_parts', !knownBlocks.has(block.type));
  add('cache_control', isGiven(block.cache_control));
  if (block.type === 'tool_result') {
    for (const part of objectsOf(block.content)) blockNeeds(part, add);
  }
}
