// Whether the answer to a request may be begun by one provider and ended by another.
import { isGiven, isObject, type JsonObject, objectOf, objectsOf } from '../json';

/**
 * Not where the answer has a form that is enforced from its beginning, where the model thinks first
 * (Anthropic refuses a begun answer then), where there are several answers or facts about each
 * token, or where the client began the answer itself.
 */
export function mayBeContinued(endpoint: string, body: JsonObject): boolean {
  if (endpoint !== '/v1/chat/completions' && endpoint !== '/v1/messages') return false;
  if (objectsOf(body.messages).at(-1)?.role === 'assistant') return false;
  if (typeof body.n === 'number' && body.n > 1) return false;
  return !hasForm(body) && !asksForThinking(body) && body.logprobs !== true && !isGiven(body.audio);
}

function hasForm(body: JsonObject): boolean {
  const format = objectOf(body.response_format);
  if (isObject(body.response_format) && format.type !== 'text') return true;
  // Anthropic's, before and after it left beta, and vLLM's own.
  return [
    body.output_format, objectOf(body.output_config).format, body.structured_outputs,
    body.guided_json, body.guided_regex, body.guided_choice, body.guided_grammar,
  ].some(isGiven);
}

function asksForThinking(body: JsonObject): boolean {
  const { thinking, reasoning_effort: effort, reasoning } = body;
  if (isObject(thinking) && thinking.type !== 'disabled') return true;
  return (isGiven(effort) && effort !== 'none') || isGiven(reasoning);
}
