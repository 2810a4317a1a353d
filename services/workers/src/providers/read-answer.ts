// Reads a provider's complete (not streamed) answer, up to a bound.
import { normalizeUsage } from '@libs/surfaces/usage';
import { isObject, type JsonObject, parseJson, textOrNull } from '@libs/surfaces/json';
import { type ProviderKind } from '@libs/surfaces/surface';
import { type Usage } from '@libs/events/usage';

/** Far above any answer: 64 MiB stays below what a worker can lose without harm. */
export const answerBytesMax = 64 * 1024 * 1024;

export interface AnswerBuffer {
  /** false: the answer is too large. */
  readonly push: (bytes: Buffer) => boolean;
  readonly text: () => string;
}

export function answerBuffer(): AnswerBuffer {
  const chunks: Buffer[] = [];
  let bytesSoFar = 0;
  return {
    push: (bytes) => {
      bytesSoFar += bytes.length;
      if (bytesSoFar > answerBytesMax) return false;
      chunks.push(bytes);
      return true;
    },
    text: () => (
      chunks.length === 1 ? (chunks[0] ?? Buffer.alloc(0)) : Buffer.concat(chunks)
    ).toString('utf8'),
  };
}

export interface Answer {
  readonly json: JsonObject;
  readonly usage: Usage | null;
  readonly model: string | null;
}

/** null: not what the API answers with. */
export function readAnswer(kind: ProviderKind, endpoint: string, text: string): Answer | null {
  const json = parseJson(text);
  if (!isObject(json) || !hasShape(kind, endpoint, json)) return null;
  return {
    json,
    usage: endpoint.endsWith('/count_tokens') ? nothingBilled : normalizeUsage(kind, json.usage),
    model: textOrNull(json.model),
  };
}

/** Counting tokens is free. */
const nothingBilled: Usage = {
  input_tokens: 0,
  cached_input_tokens: 0,
  cache_write_tokens: 0,
  output_tokens: 0,
  reasoning_tokens: 0,
};

/** The one field without which no client could use the answer. */
function hasShape(kind: ProviderKind, endpoint: string, json: JsonObject): boolean {
  if (endpoint.endsWith('/embeddings')) return Array.isArray(json.data);
  if (endpoint.endsWith('/count_tokens')) return typeof json.input_tokens === 'number';
  if (kind === 'anthropic') return Array.isArray(json.content);
  return Array.isArray(json.choices);
}
