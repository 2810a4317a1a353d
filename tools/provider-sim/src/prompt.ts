// Reads the prompt of a request of either API: its texts, images, last question, cache marks.
import { type Json, type JsonObject, asArray, asObject, asString, isObject } from './json';
import { CHARS_PER_TOKEN, TOKENS_PER_IMAGE, tokensOfChars } from './tokens';

export interface Prompt {
  /** In the order in which providers cache: tools, system, messages. */
  texts: string[];
  chars: number;
  images: number;
  lastUserText: string;
  /** The last message brings a tool's result: the model answers in words. */
  endsWithToolResult: boolean;
  /** Where the last cache_control stands. */
  cacheMark: { texts: number; chars: number; images: number } | undefined;
}

export function readPrompt(body: JsonObject): Prompt {
  const prompt: Prompt = {
    texts: [], chars: 0, images: 0, lastUserText: '', endsWithToolResult: false,
    cacheMark: undefined,
  };
  for (const tool of asArray(body.tools)) addTool(prompt, asObject(tool));
  addContent(prompt, body.system);
  addContent(prompt, body.prompt);
  addContent(prompt, body.input);
  for (const message of asArray(body.messages)) addMessage(prompt, asObject(message));
  if (body.messages === undefined) prompt.lastUserText = prompt.texts.at(-1) ?? '';
  return prompt;
}

export function promptTokens(prompt: Pick<Prompt, 'chars' | 'images'>): number {
  return tokensOfChars(prompt.chars) + prompt.images * TOKENS_PER_IMAGE;
}

/** The part before the last cache mark, and its size. */
export function cachedPrefix(prompt: Prompt): { text: string; tokens: number } | undefined {
  if (prompt.cacheMark === undefined) return undefined;
  const text = prompt.texts.slice(0, prompt.cacheMark.texts).join('\n');
  return { text, tokens: promptTokens(prompt.cacheMark) };
}

export function promptHas(prompt: Prompt, part: string): boolean {
  return prompt.texts.some((text) => text.includes(part));
}

function addMessage(prompt: Prompt, message: JsonObject): void {
  const before = prompt.texts.length;
  const hasResult = addContent(prompt, message.content);
  if (message.tool_calls !== undefined) addText(prompt, JSON.stringify(message.tool_calls));
  prompt.endsWithToolResult = hasResult || message.role === 'tool';
  if (message.role === 'user' && !hasResult) {
    const texts = prompt.texts.slice(before);
    prompt.lastUserText = texts.length === 1 ? (texts[0] ?? '') : texts.join('\n');
  }
}

/** True if there is a tool's result in it. */
function addContent(prompt: Prompt, content: Json | undefined): boolean {
  if (typeof content === 'string') addText(prompt, content);
  let hasResult = false;
  for (const part of asArray(content)) {
    if (typeof part === 'string') addText(prompt, part);
    // Token ids, as completions and embeddings take them.
    else if (typeof part === 'number') prompt.chars += CHARS_PER_TOKEN;
    else if (Array.isArray(part)) addContent(prompt, part);
    else if (isObject(part)) hasResult = addPart(prompt, part) || hasResult;
  }
  return hasResult;
}

function addPart(prompt: Prompt, part: JsonObject): boolean {
  switch (asString(part.type) ?? '') {
    case 'image': case 'image_url': case 'input_image':
      prompt.images += 1;
      break;
    case 'tool_use':
      addText(prompt, JSON.stringify(part.input ?? {}));
      break;
    case 'tool_result':
      addContent(prompt, part.content);
      break;
    case 'thinking':
      addText(prompt, asString(part.thinking) ?? '');
      break;
    default:
      addText(prompt, asString(part.text) ?? '');
  }
  if (isObject(part.cache_control)) markCache(prompt);
  return part.type === 'tool_result';
}

function addTool(prompt: Prompt, tool: JsonObject): void {
  const { cache_control: mark, ...rest } = tool;
  addText(prompt, JSON.stringify(rest));
  if (isObject(mark)) markCache(prompt);
}

function addText(prompt: Prompt, text: string): void {
  prompt.texts.push(text);
  prompt.chars += text.length;
}

function markCache(prompt: Prompt): void {
  const { texts, chars, images } = prompt;
  prompt.cacheMark = { texts: texts.length, chars, images };
}
