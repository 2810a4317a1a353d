// Shape checks and needs of `/v1/completions` and `/v1/embeddings`, which are passed through.
import { checkBoolean, checkNumber, firstRefusal, missing, type Refusal } from '../checks';
import { estimatePromptTokens } from '../estimate';
import { type Inspection } from '../inspection';
import { isGiven, type JsonObject, objectOf } from '../json';
import { type Need } from '../needs';
import { checkStop, choicesMax } from './inspect-chat';

/** What the API uses when a completion names no bound. */
const completionTokensDefault = 16;

export function inspectCompletion(body: JsonObject): Inspection | Refusal {
  const refusal = firstRefusal([
    () => (isGiven(body.prompt) ? null : missing('prompt')),
    () => checkBoolean(body, 'stream'),
    () => checkNumber(body, 'max_tokens', { min: 1, whole: true }),
    () => checkNumber(body, 'temperature', { min: 0, max: 2 }),
    () => checkNumber(body, 'top_p', { min: 0, max: 1 }),
    () => checkNumber(body, 'n', { min: 1, max: choicesMax, whole: true }),
    () => checkNumber(body, 'best_of', { min: 1, max: choicesMax, whole: true }),
    () => checkStop(body),
  ]);
  if (refusal !== null) return refusal;
  const stream = body.stream === true;
  const needs: Need[] = stream ? ['streaming'] : [];
  return {
    kind: 'ok',
    model: body.model as string,
    stream,
    needs,
    maxOutputTokens:
      typeof body.max_tokens === 'number' ? body.max_tokens : completionTokensDefault,
    answers: promptsIn(body.prompt) * Math.max(countOf(body.n), countOf(body.best_of)),
    promptTokensEstimate: estimatePromptTokens([body.prompt, body.suffix]),
    wantsStreamUsage: stream && objectOf(body.stream_options).include_usage === true,
  };
}

/** Each text of a list is completed; a list of numbers is one text in tokens. */
function promptsIn(prompt: unknown): number {
  return Array.isArray(prompt) && typeof prompt[0] !== 'number' ? Math.max(1, prompt.length) : 1;
}

function countOf(value: unknown): number {
  return typeof value === 'number' ? value : 1;
}

export function inspectEmbeddings(body: JsonObject): Inspection | Refusal {
  if (!isGiven(body.input)) return missing('input');
  return {
    kind: 'ok',
    model: body.model as string,
    stream: false,
    needs: [],
    maxOutputTokens: 0,
    answers: 1,
    promptTokensEstimate: estimatePromptTokens([body.input]),
    wantsStreamUsage: false,
  };
}
