// A complete message as the stream that would have carried it, for callers who come back to a
// stream after it was settled.
import { type JsonObject, objectOf, objectsOf, textOf } from '../json';
import { type SurfaceEvent } from '../surface';

export function messageToEvents(message: JsonObject): SurfaceEvent[] {
  const { content, stop_reason: stopReason, stop_sequence: stopSequence, ...rest } = message;
  const usage = objectOf(message.usage);
  const start = { ...rest, content: [], stop_reason: null, stop_sequence: null, usage };
  return [
    eventOf({ type: 'message_start', message: start }),
    ...objectsOf(content).flatMap(blockEvents),
    eventOf({
      type: 'message_delta',
      delta: { ...endOf(message), stop_reason: stopReason, stop_sequence: stopSequence },
      usage,
    }),
    eventOf({ type: 'message_stop' }),
  ];
}

export function eventOf(event: JsonObject): SurfaceEvent {
  return { event: textOf(event.type), data: JSON.stringify(event) };
}

/** Fields of the message that newer streams repeat at the end. */
function endOf(message: JsonObject): JsonObject {
  const out: JsonObject = {};
  for (const key of ['stop_details', 'container']) {
    if (Object.hasOwn(message, key)) out[key] = message[key];
  }
  return out;
}

function blockEvents(block: JsonObject, index: number): SurfaceEvent[] {
  const { start, deltas } = splitBlock(block);
  return [
    eventOf({ type: 'content_block_start', index, content_block: start }),
    ...deltas.map((delta) => eventOf({ type: 'content_block_delta', index, delta })),
    eventOf({ type: 'content_block_stop', index }),
  ];
}

/** Blocks of kinds that do not grow are whole at their start. */
function splitBlock(block: JsonObject): { start: JsonObject; deltas: JsonObject[] } {
  const deltas: JsonObject[] = [];
  if (block.type === 'text') {
    if (block.text !== '') deltas.push({ type: 'text_delta', text: block.text });
    const citations = Array.isArray(block.citations) ? block.citations as unknown[] : null;
    for (const citation of citations ?? []) deltas.push({ type: 'citations_delta', citation });
    const start = citations === null ? {} : { citations: [] };
    return { start: { ...block, text: '', ...start }, deltas };
  }
  if (block.type === 'thinking') {
    if (block.thinking !== '') deltas.push({ type: 'thinking_delta', thinking: block.thinking });
    deltas.push({ type: 'signature_delta', signature: block.signature });
    return { start: { ...block, thinking: '', signature: '' }, deltas };
  }
  if (!textOf(block.type).endsWith('tool_use')) return { start: block, deltas };
  const json = JSON.stringify(objectOf(block.input));
  if (json !== '{}') deltas.push({ type: 'input_json_delta', partial_json: json });
  return { start: { ...block, input: {} }, deltas };
}
