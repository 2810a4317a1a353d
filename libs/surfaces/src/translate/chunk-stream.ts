// Chunks of an OpenAI stream as events of an Anthropic one. The state is its caller's and moves in
// place. Usage comes last at OpenAI, so the message ends only when the stream does.
import { eventOf } from '../anthropic/unstream';
import { isObject, type JsonObject, objectOf, objectsOf, textOf } from '../json';
import { type SurfaceEvent } from '../surface';
import { emptyMessage, reasoningOf, stopDetailsOf, toolUseBlock } from './completion-to-message';
import { unsignedThinking } from './marks';
import { stopReasonOf } from './stop-reasons';
import { messageUsageOf } from './usage';

export interface ChunkStreamState {
  isStarted: boolean;
  isEnded: boolean;
  nextIndex: number;
  open: { readonly index: number; readonly type: 'text' | 'thinking' | 'tool_use' } | null;
  /** Anthropic's block index of each of OpenAI's tool calls. */
  readonly tools: Map<number, number>;
  finishReason: unknown;
  refusal: string;
  usage: unknown;
}

export function newChunkStream(): ChunkStreamState {
  return {
    isStarted: false, isEnded: false, nextIndex: 0, open: null, tools: new Map(),
    finishReason: null, refusal: '', usage: null,
  };
}

export function stepChunkStream(state: ChunkStreamState, chunk: JsonObject): SurfaceEvent[] {
  const out: SurfaceEvent[] = [];
  if (!state.isStarted) {
    state.isStarted = true;
    const message = emptyMessage(textOf(chunk.id), textOf(chunk.model));
    out.push(eventOf({ type: 'message_start', message }));
  }
  if (isObject(chunk.usage)) state.usage = chunk.usage;
  // Anthropic knows one choice.
  const choice = objectOf(objectsOf(chunk.choices)[0]);
  const delta = objectOf(choice.delta);
  const reasoning = reasoningOf(delta);
  if (reasoning !== '') {
    say(state, out, { type: 'thinking', key: 'thinking', text: reasoning });
  }
  const text = textOf(delta.content) || textOf(delta.refusal);
  if (text !== '') say(state, out, { type: 'text', key: 'text', text });
  state.refusal += textOf(delta.refusal);
  for (const call of objectsOf(delta.tool_calls)) toolDelta(state, out, call);
  if (isObject(choice) && typeof choice.finish_reason === 'string') {
    state.finishReason = choice.finish_reason;
  }
  return out;
}

/** At `[DONE]`, or where the provider's stream ends complete without it. */
export function endChunkStream(state: ChunkStreamState): SurfaceEvent[] {
  if (!state.isStarted || state.isEnded) return [];
  state.isEnded = true;
  const out: SurfaceEvent[] = [];
  close(state, out);
  const reason = stopReasonOf(state.finishReason, state.tools.size > 0);
  const delta = {
    stop_reason: reason,
    stop_sequence: null,
    stop_details: stopDetailsOf(reason, state.refusal),
    container: null,
  };
  out.push(eventOf({ type: 'message_delta', delta, usage: messageUsageOf(state.usage) }));
  out.push(eventOf({ type: 'message_stop' }));
  return out;
}

interface Said {
  readonly type: 'text' | 'thinking';
  readonly key: 'text' | 'thinking';
  readonly text: string;
}

function say(state: ChunkStreamState, out: SurfaceEvent[], said: Said): void {
  if (state.open?.type !== said.type) {
    const block = said.type === 'text'
      ? { type: 'text', text: '', citations: null }
      : { type: 'thinking', thinking: '', signature: '' };
    start(state, out, block);
  }
  const delta = { type: `${said.type}_delta`, [said.key]: said.text };
  out.push(blockDelta(state.open?.index ?? 0, delta));
}

/** Calls come one after the other; a late piece of an earlier call still names its own block. */
function toolDelta(state: ChunkStreamState, out: SurfaceEvent[], call: JsonObject): void {
  const definition = objectOf(call.function ?? call.custom);
  // Servers that leave out the index send each call whole, with its id.
  const at = typeof call.index === 'number' ? call.index : state.tools.size - (call.id ? 0 : 1);
  let index = state.tools.get(at);
  if (index === undefined) {
    const id = textOf(call.id) || `call_${at}`;
    index = start(state, out, toolUseBlock(id, textOf(definition.name), {}));
    state.tools.set(at, index);
  }
  const json = textOf(definition.arguments ?? definition.input);
  if (json !== '') out.push(blockDelta(index, { type: 'input_json_delta', partial_json: json }));
}

function start(state: ChunkStreamState, out: SurfaceEvent[], block: JsonObject): number {
  close(state, out);
  const index = state.nextIndex;
  state.nextIndex += 1;
  state.open = { index, type: block.type as 'text' | 'thinking' | 'tool_use' };
  out.push(eventOf({ type: 'content_block_start', index, content_block: block }));
  return index;
}

function close(state: ChunkStreamState, out: SurfaceEvent[]): void {
  if (state.open === null) return;
  const { index, type } = state.open;
  if (type === 'thinking') {
    out.push(blockDelta(index, { type: 'signature_delta', signature: unsignedThinking }));
  }
  out.push(eventOf({ type: 'content_block_stop', index }));
  state.open = null;
}

function blockDelta(index: number, delta: JsonObject): SurfaceEvent {
  return eventOf({ type: 'content_block_delta', index, delta });
}
