// Shape checks and needs of `/v1/chat/completions`.
import {
  checkBoolean, checkMessages, checkNumber, checkObjects, firstRefusal, missing, refuse,
  type Refusal, wrongType,
} from '../checks';
import { estimatePromptTokens } from '../estimate';
import { type Inspection } from '../inspection';
import { isGiven, isObject, type JsonObject, listOf, objectOf, objectsOf, textOf }
  from '../json';
import { type Need } from '../needs';

const roles: ReadonlySet<string> = new Set([
  'system', 'developer', 'user', 'assistant', 'tool', 'function',
]);

/** OpenAI's own bound. */
export const choicesMax = 128;

export function inspectChat(body: JsonObject): Inspection | Refusal {
  const refusal = checkChat(body);
  if (refusal !== null) return refusal;
  const stream = body.stream === true;
  return {
    kind: 'ok',
    model: body.model as string,
    stream,
    needs: chatNeeds(body),
    maxOutputTokens: maxTokens(body),
    answers: typeof body.n === 'number' ? body.n : 1,
    promptTokensEstimate: estimatePromptTokens([
      body.messages, body.tools, body.functions, body.response_format,
    ]),
    wantsStreamUsage: stream && objectOf(body.stream_options).include_usage === true,
  };
}

/** OpenAI allows four stop sequences; Anthropic more. */
export const stopsMax = 4;

function checkChat(body: JsonObject): Refusal | null {
  return firstRefusal([
    () => checkMessages(body, roles),
    () => checkToolAnswers(body),
    () => checkBoolean(body, 'stream'),
    () => checkNumber(body, 'max_tokens', { min: 1, whole: true }),
    () => checkNumber(body, 'max_completion_tokens', { min: 1, whole: true }),
    () => checkNumber(body, 'temperature', { min: 0, max: 2 }),
    () => checkNumber(body, 'top_p', { min: 0, max: 1 }),
    () => checkNumber(body, 'n', { min: 1, max: choicesMax, whole: true }),
    () => checkNumber(body, 'presence_penalty', { min: -2, max: 2 }),
    () => checkNumber(body, 'frequency_penalty', { min: -2, max: 2 }),
    () => checkObjects(body, 'tools'),
    () => checkStop(body),
    () => checkFormat(body),
  ]);
}

function checkToolAnswers(body: JsonObject): Refusal | null {
  for (const [index, message] of objectsOf(body.messages).entries()) {
    if (message.role === 'tool' && typeof message.tool_call_id !== 'string') {
      return missing(`messages[${index}].tool_call_id`);
    }
  }
  return null;
}

export function checkStop(body: JsonObject): Refusal | null {
  const { stop } = body;
  if (!isGiven(stop) || typeof stop === 'string') return null;
  if (!Array.isArray(stop) || stop.some((item) => typeof item !== 'string')) {
    return wrongType('stop', 'a string or an array of strings');
  }
  return stop.length > stopsMax ? refuse('stop', `'stop' may have up to ${stopsMax} items.`) : null;
}

function checkFormat(body: JsonObject): Refusal | null {
  const format = body.response_format;
  if (!isGiven(format)) return null;
  if (!isObject(format)) return wrongType('response_format', 'an object');
  if (typeof format.type !== 'string') return missing('response_format.type');
  return format.type === 'json_schema' && !isObject(format.json_schema)
    ? missing('response_format.json_schema')
    : null;
}

export function maxTokens(body: JsonObject): number | null {
  const max = body.max_completion_tokens ?? body.max_tokens;
  return typeof max === 'number' ? max : null;
}

/** A value that is the API's own default asks for nothing. */
function chatNeeds(body: JsonObject): Need[] {
  const found = new Set<Need>();
  const add = (need: Need, when: boolean): void => {
    if (when) found.add(need);
  };
  add('streaming', body.stream === true);
  add('n', typeof body.n === 'number' && body.n > 1);
  add('logprobs', body.logprobs === true);
  add('seed', isGiven(body.seed));
  add('logit_bias', Object.keys(objectOf(body.logit_bias)).length > 0);
  add('penalties', isNonZero(body.presence_penalty) || isNonZero(body.frequency_penalty));
  const stops = typeof body.stop === 'string' ? [body.stop] : listOf(body.stop);
  add('stop', stops.length > 0);
  add('blank_stops', stops.some((stop) => textOf(stop).trim() === ''));
  add('top_k', isGiven(body.top_k));
  add('thinking', isGiven(body.reasoning_effort) && body.reasoning_effort !== 'none');
  add('metadata', isGiven(body.metadata));
  add('service_tier', isGiven(body.service_tier) && body.service_tier !== 'auto');
  add('prediction', isGiven(body.prediction));
  add('web_search', isGiven(body.web_search_options));
  add('sampling', isGiven(body.temperature) || isGiven(body.top_p));
  add('audio', listOf(body.modalities).includes('audio') || isGiven(body.audio));
  const format = objectOf(body.response_format).type;
  add('json_schema', format === 'json_schema');
  add('json_object', format === 'json_object');
  toolNeeds(body, add);
  for (const message of objectsOf(body.messages)) {
    for (const part of objectsOf(message.content)) partNeeds(part, add);
  }
  return [...found];
}

type Add = (need: Need, when: boolean) => void;

function toolNeeds(body: JsonObject, add: Add): void {
  const tools = objectsOf(body.tools);
  add('tools', tools.length > 0 || listOf(body.functions).length > 0);
  add('custom_tools', tools.some((tool) => tool.type !== 'function'));
  add('parallel_tools', body.parallel_tool_calls === false);
  add('allowed_tools', objectOf(body.tool_choice).type === 'allowed_tools');
}

const knownParts: ReadonlySet<unknown> = new Set([
  'text', 'refusal', 'image_url', 'input_audio', 'file',
]);

function partNeeds(part: JsonObject, add: Add): void {
  const file = objectOf(part.file);
  add('images', part.type === 'image_url');
  add('audio', part.type === 'input_audio');
  add('documents', part.type === 'file');
  add('file_ids', part.type === 'file' && isGiven(file.file_id));
  add('cache_control', isGiven(part.cache_control));
  add('unknown_parts', !knownParts.has(part.type));
}

function isNonZero(value: unknown): boolean {
  return typeof value === 'number' && value !== 0;
}
