// `/v1/messages`: what is said, what it costs, and the whole (not streamed) form.
import {
  type Reply, emptyMessage, signatureOf, stopDetails, stopReason, toolBlock, usageFields,
} from './anthropic-shapes';
import { anthropicFrames } from './anthropic-stream';
import { type Answer, type Call, type Complaint } from './call';
import { type Content, anthropicTools, contentTokens, speak } from './content';
import { type JsonObject, asCount, asObject, parseObject } from './json';
import { cachedPrefix, promptTokens } from './prompt';
import { rememberPrefix } from './provider';
import { thinkingText } from './text';
import { type BilledUsage, tokensOfChars } from './tokens';

/** Enough to see that there is thinking. */
const THINKING_TOKENS = 12;

export function answerMessages(call: Call): Answer | Complaint {
  const { body } = call;
  const complaint = complainAbout(body);
  if (complaint !== undefined) return complaint;
  const content = speak(call, anthropicTools(body), asCount(body.max_tokens) ?? 0);
  const thinking = wantsThinking(body)
    ? thinkingText(call.prompt.lastUserText, THINKING_TOKENS) : '';
  const usage = anthropicUsage(call, content, thinking);
  const reply = { id: `msg_${call.id}`, model: call.model, content, thinking, usage };
  return {
    usage,
    body: () => JSON.stringify({
      ...emptyMessage(reply),
      content: blocks(reply),
      stop_reason: stopReason(content),
      stop_details: stopDetails(content),
      usage: usageFields(reply, usage.completion),
    }),
    frames: () => anthropicFrames(reply),
  };
}

export function answerCountTokens(call: Call): string {
  return JSON.stringify({ input_tokens: promptTokens(call.prompt) });
}

function blocks({ id, content, thinking }: Reply): object[] {
  const before = thinking === ''
    ? [] : [{ type: 'thinking', thinking, signature: signatureOf(id) }];
  if (content.kind === 'words') {
    return [...before, { type: 'text', text: content.text, citations: null }];
  }
  return [...before, ...content.calls.map(({ name, args }, at) => (
    { ...toolBlock(id, at, name), input: parseObject(args) ?? {} }
  ))];
}

function anthropicUsage(call: Call, content: Content, thinking: string): BilledUsage {
  const prompt = promptTokens(call.prompt);
  const reasoning = tokensOfChars(thinking.length);
  const usage = {
    prompt, completion: contentTokens(content) + reasoning, cached: 0, cacheWrite: 0, reasoning,
  };
  const prefix = cachedPrefix(call.prompt);
  // The real API caches from 1,024 tokens on; here every marked prefix, so that tests stay small.
  if (prefix === undefined) return usage;
  const known = rememberPrefix(call.provider, `${call.model}\n${prefix.text}`);
  return known ? { ...usage, cached: prefix.tokens } : { ...usage, cacheWrite: prefix.tokens };
}

function wantsThinking(body: JsonObject): boolean {
  const { type } = asObject(body.thinking);
  return type === 'enabled' || type === 'adaptive';
}

function complainAbout(body: JsonObject): Complaint | undefined {
  if (typeof body.max_tokens !== 'number') {
    return { error: 'bad_request', message: 'max_tokens: Field required' };
  }
  if (!Array.isArray(body.messages)) {
    return { error: 'bad_request', message: 'messages: Field required' };
  }
  if (body.messages.length === 0) {
    return { error: 'bad_request', message: 'messages: at least one message is required' };
  }
  return undefined;
}
