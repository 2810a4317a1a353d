// A chat completions request as a Messages request.
import { outputTokensDefault, takesSampling } from '../anthropic/models';
import { isGiven, type JsonObject, listOf, objectOf, textOf } from '../json';
import { maxTokens } from '../openai/inspect-chat';
import { anthropicSchema } from './json-schema';
import { chatMessagesToMessages } from './chat-messages';
import { thinkingFor } from './chat-thinking';
import { toolsToAnthropic } from './chat-tools';
import { type Losses, noLosses, noteUnknownFields, type Translation, translation }
  from './translation';

/** `model` is the one to be asked at the provider. */
export function chatToMessages(chat: JsonObject, model: string): Translation {
  const losses = noLosses();
  const { system, messages } = chatMessagesToMessages(chat, losses);
  const format = jsonFormat(chat);
  const tools = toolsToAnthropic(chat, messages, losses);
  const maxTokensWanted = maxTokens(chat);
  const thinking = thinkingFor(
    { chat, model, messages, isForced: tools.isForced, maxTokens: maxTokensWanted }, losses,
  );
  const outputConfig = { ...thinking.outputConfig, ...format.outputConfig };
  const allSystem = [...system, ...format.system];
  const body: JsonObject = {
    model,
    max_tokens: maxTokensWanted ?? outputTokensDefault(model) + thinking.budgetTokens,
    ...(allSystem.length > 0 ? { system: allSystem } : {}),
    messages,
    ...tools.fields,
    ...(thinking.thinking === null ? {} : { thinking: thinking.thinking }),
    ...(Object.keys(outputConfig).length > 0 ? { output_config: outputConfig } : {}),
    ...sampling(chat, { model, isThinking: thinking.thinking !== null }, losses),
    ...stops(chat, losses),
    ...userOf(chat),
    ...(chat.stream === true ? { stream: true } : {}),
  };
  noteUnsupported(chat, losses);
  noteUnknownFields(chat, translated, losses);
  return translation(body, losses);
}

/** Fields that are translated, or reported by their own rule. */
const translated: ReadonlySet<string> = new Set([
  'model', 'messages', 'max_tokens', 'max_completion_tokens', 'temperature', 'top_p', 'top_k',
  'stop', 'stream', 'stream_options', 'tools', 'tool_choice', 'functions', 'function_call',
  'parallel_tool_calls', 'response_format', 'reasoning_effort', 'user', 'n', 'logprobs',
  'top_logprobs', 'seed', 'logit_bias', 'presence_penalty', 'frequency_penalty', 'modalities',
  'audio', 'web_search_options', 'thinking',
]);

function noteUnsupported(chat: JsonObject, losses: Losses): void {
  const note = (param: string, when: boolean): void => {
    if (when) losses.unsupported.add(param);
  };
  note('n', typeof chat.n === 'number' && chat.n > 1);
  note('logprobs', chat.logprobs === true);
  note('seed', isGiven(chat.seed));
  note('logit_bias', Object.keys(objectOf(chat.logit_bias)).length > 0);
  note('presence_penalty', isGiven(chat.presence_penalty) && chat.presence_penalty !== 0);
  note('frequency_penalty', isGiven(chat.frequency_penalty) && chat.frequency_penalty !== 0);
  note('modalities', listOf(chat.modalities).includes('audio'));
  note('web_search_options', isGiven(chat.web_search_options));
}

/** A schema is enforced by the API; plain JSON mode only exists as an instruction. */
function jsonFormat(chat: JsonObject): { outputConfig: JsonObject; system: JsonObject[] } {
  const format = objectOf(chat.response_format);
  if (format.type === 'json_schema') {
    const schema = anthropicSchema(objectOf(objectOf(format.json_schema).schema));
    return { outputConfig: { format: { type: 'json_schema', schema } }, system: [] };
  }
  if (format.type !== 'json_object') return { outputConfig: {}, system: [] };
  const text = 'Answer with one valid JSON object and nothing else: no prose, no code fence.';
  return { outputConfig: {}, system: [{ type: 'text', text }] };
}

/** Anthropic's temperature ends at 1, OpenAI's at 2: what is above is cut, and said so. */
function sampling(
  chat: JsonObject, target: { model: string; isThinking: boolean }, losses: Losses,
): JsonObject {
  const out: JsonObject = {};
  for (const param of ['temperature', 'top_p', 'top_k'] as const) {
    const value = chat[param];
    if (typeof value !== 'number') continue;
    if (!takesSampling(target.model) || (target.isThinking && param !== 'top_p')) {
      if (param !== 'temperature' || value !== 1) losses.hints.add(param);
      continue;
    }
    if (param === 'temperature' && value > 1) losses.hints.add(param);
    out[param] = param === 'temperature' ? Math.min(1, value) : value;
  }
  return out;
}

/** Anthropic refuses sequences of white space alone. */
function stops(chat: JsonObject, losses: Losses): JsonObject {
  const asked = typeof chat.stop === 'string' ? [chat.stop] : listOf(chat.stop).map(textOf);
  const usable = asked.filter((stop) => stop.trim() !== '');
  if (usable.length < asked.length) losses.unsupported.add('stop');
  return usable.length === 0 ? {} : { stop_sequences: usable };
}

function userOf(chat: JsonObject): JsonObject {
  const user = textOf(chat.user);
  return user === '' ? {} : { metadata: { user_id: user } };
}
