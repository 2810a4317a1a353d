// A rough count of prompt tokens, for holds and token limits before the provider counts them.
import { isObject } from './json';

/** English prose is about four characters per token over the common tokenizers. */
const charsPerToken = 4;
/**
 * Each byte of UTF-8 beyond one a character. Tokenizers merge bytes, and what is not Latin is merged
 * less: a Chinese or Japanese character (three bytes) is about a token, a Cyrillic or Greek one (two)
 * half of one and a bit.
 */
const tokensPerFurtherByte = 0.375;

/** Roles and separators cost a few tokens per message (3–4 on both surfaces). */
const tokensPerPart = 4;

/** What a picture of about one megapixel costs (OpenAI 765–1,105; Anthropic about 1,300). */
const tokensPerImage = 1000;

/** Keys whose value is a file and not text. */
const fileKeys = new Set(['data', 'file_data', 'url', 'image_url', 'source', 'input_audio']);

/** Over everything that the model reads: messages, system prompt, tools, schema, plain prompt. */
export function estimatePromptTokens(parts: readonly unknown[]): number {
  let tokens = 0;
  for (const part of parts) tokens += estimate(part);
  return Math.ceil(tokens);
}

function estimate(value: unknown): number {
  if (typeof value === 'string') return estimateText(value);
  if (typeof value === 'number') return 1;
  if (Array.isArray(value)) {
    // A prompt may be given as token ids.
    if (typeof value[0] === 'number') return value.length;
    let sum = 0;
    for (const item of value as unknown[]) sum += estimate(item);
    return sum;
  }
  if (!isObject(value)) return 0;
  let sum = tokensPerPart;
  for (const key in value) {
    sum += fileKeys.has(key) ? estimateFile(value[key]) : estimate(value[key]);
  }
  return sum;
}

/** Counts in one pass that V8 makes of whole words, so that a prompt of a megabyte costs nothing to speak of. */
function estimateText(text: string): number {
  return text.length / charsPerToken + (Buffer.byteLength(text) - text.length) * tokensPerFurtherByte;
}

function estimateFile(value: unknown): number {
  if (isObject(value) && value.type === 'text') return estimate(value.data);
  return tokensPerImage;
}
