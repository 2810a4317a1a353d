// A complete chat completion (or plain completion) as the stream that would have carried it, for
// callers who come back to a stream after it was settled.
import { isObject, type JsonObject, objectOf, objectsOf } from '../json';
import { type SurfaceEvent } from '../surface';

export const doneEvent: SurfaceEvent = { event: null, data: '[DONE]' };

export function completionToEvents(
  completion: JsonObject, options: { readonly includeUsage: boolean },
): SurfaceEvent[] {
  const { choices, usage, object, ...head } = completion;
  const isPlain = object === 'text_completion';
  const chunk = (fields: JsonObject): SurfaceEvent => ({
    event: null,
    data: JSON.stringify({
      ...head, object: isPlain ? object : 'chat.completion.chunk', ...fields,
    }),
  });
  const events = objectsOf(choices).flatMap((choice) => (
    isPlain ? [chunk({ choices: [choice] })] : chatChunks(choice, chunk)
  ));
  if (options.includeUsage && isObject(usage)) events.push(chunk({ choices: [], usage }));
  return [...events, doneEvent];
}

/** Role, then one chunk for each thing said, then the end. */
function chatChunks(
  choice: JsonObject, chunk: (fields: JsonObject) => SurfaceEvent,
): SurfaceEvent[] {
  const { message, logprobs, finish_reason: finishReason, index, ...rest } = choice;
  const { role, content, refusal, tool_calls: toolCalls, ...more } = objectOf(message);
  const delta = (fields: JsonObject, end: JsonObject = {}): SurfaceEvent => chunk({
    choices: [{ index, delta: fields, logprobs: null, finish_reason: null, ...end }],
  });
  const events = [delta({ role, content: content === null ? null : '', refusal: null })];
  // Reasoning and other extensions came before the answer.
  for (const [key, value] of Object.entries(more)) events.push(delta({ [key]: value }));
  if (typeof content === 'string' && content !== '') {
    events.push(delta({ content }, { logprobs }));
  } else if (isObject(logprobs)) events.push(delta({}, { logprobs }));
  if (typeof refusal === 'string') events.push(delta({ refusal }));
  for (const [at, call] of objectsOf(toolCalls).entries()) {
    events.push(delta({ tool_calls: [{ index: at, ...call }] }));
  }
  events.push(delta({}, { finish_reason: finishReason, ...rest }));
  return events;
}
