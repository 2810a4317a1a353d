// `/v1/embeddings`: unit vectors in which texts that share words lie close together.
import { type Answer, type Call, type Complaint } from './call';
import { type Json, asArray, asCount } from './json';
import { promptTokens } from './prompt';
import { draw, hash32 } from './text';
import { nothingBilled } from './tokens';

/** As text-embedding-3-small. */
const DIMENSIONS_DEFAULT = 1536;
const DIMENSIONS_MAX = 4096;

export function answerEmbeddings(call: Call): Answer | Complaint {
  const { body } = call;
  if (body.input === undefined) {
    return {
      error: 'bad_request', param: 'input',
      message: "Missing required parameter: 'input'.",
    };
  }
  const dimensions = asCount(body.dimensions) ?? DIMENSIONS_DEFAULT;
  if (dimensions < 1 || dimensions > DIMENSIONS_MAX) {
    return {
      error: 'bad_request', param: 'dimensions',
      message: `'dimensions' has to lie between 1 and ${DIMENSIONS_MAX}.`,
    };
  }
  const prompt = promptTokens(call.prompt);
  return {
    usage: { ...nothingBilled, prompt },
    body: () => JSON.stringify({
      object: 'list',
      data: inputs(body.input).map((text, index) => ({
        object: 'embedding',
        index,
        embedding: encode(embed(text, dimensions), body.encoding_format === 'base64'),
      })),
      model: call.model,
      usage: { prompt_tokens: prompt, total_tokens: prompt },
    }),
  };
}

/** Sum of one pseudo-random vector per word, of length one. */
export function embed(text: string, dimensions: number): Float32Array {
  const vector = new Float32Array(dimensions);
  for (const word of text.toLowerCase().split(/[^\p{L}\p{N}]+/u)) {
    if (word === '') continue;
    const seed = hash32(word);
    for (let at = 0; at < dimensions; at++) {
      vector[at] = (vector[at] ?? 0) + draw(seed, at) - 0.5;
    }
  }
  const length = Math.hypot(...vector);
  if (length === 0) vector[0] = 1;
  return length === 0 ? vector : vector.map((one) => one / length);
}

/** A text, a list of texts, a list of token ids, or a list of such lists. */
function inputs(input: Json | undefined): string[] {
  if (!Array.isArray(input) || typeof input[0] === 'number') return [plain(input)];
  return input.map(plain);
}

/** A list of token ids is read as if each were a word. */
function plain(input: Json | undefined): string {
  if (typeof input === 'string') return input;
  return asArray(input).map((id) => JSON.stringify(id)).join(' ');
}

function encode(vector: Float32Array, base64: boolean): string | number[] {
  return base64 ? Buffer.from(vector.buffer).toString('base64') : Array.from(vector);
}
