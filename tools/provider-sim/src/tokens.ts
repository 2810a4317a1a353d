// The token estimate that everything here is billed by: four characters are one token.

/** English text has about four characters per token in the tokenizers of both APIs. */
export const CHARS_PER_TOKEN = 4;

/** What OpenAI bills for a low-detail image; used for every image, whatever its size. */
export const TOKENS_PER_IMAGE = 85;

/** What a call consumed. `prompt` includes cached and cache-written tokens. */
export interface BilledUsage {
  prompt: number;
  completion: number;
  cached: number;
  cacheWrite: number;
  reasoning: number;
}

export const nothingBilled: BilledUsage = {
  prompt: 0, completion: 0, cached: 0, cacheWrite: 0, reasoning: 0,
};

export function tokensOfChars(chars: number): number {
  return Math.ceil(chars / CHARS_PER_TOKEN);
}

/** The text in pieces of one token each. */
export function pieces(text: string): string[] {
  const out: string[] = [];
  for (let at = 0; at < text.length; at += CHARS_PER_TOKEN) {
    out.push(text.slice(at, at + CHARS_PER_TOKEN));
  }
  return out;
}
