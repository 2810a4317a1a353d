// Events of an Anthropic stream as chunks of an OpenAI one. The state is its caller's and moves in
// place, one event at a time.
import { type JsonObject, objectOf, textOf } from '../json';
import { doneEvent } from '../openai/unstream';
import { type SurfaceEvent } from '../surface';
import { reasoningField, thinkingBlocksField } from './marks';
import { completionIdOf } from './message-to-completion';
import { finishReasonOf } from './stop-reasons';
import { completionUsageOf } from './usage';

export interface MessageStreamState {
  readonly createdS: number;
  /** The client asked for the usage chunk. */
  readonly includeUsage: boolean;
  id: string;
  model: string;
  usage: JsonObject;
  /** Blocks in the making, by Anthropic's index. */
  readonly blocks: Map<number, { block: JsonObject; toolIndex: number; hasInput: boolean }>;
  toolCount: number;
}

export function newMessageStream(
  options: { readonly createdS: number; readonly includeUsage: boolean },
): MessageStreamState {
  return { ...options, id: '', model: '', usage: {}, blocks: new Map(), toolCount: 0 };
}

export function stepMessageStream(
  state: MessageStreamState, event: JsonObject,
): SurfaceEvent[] {
  switch (event.type) {
    case 'message_start': {
      const message = objectOf(event.message);
      state.id = completionIdOf(textOf(message.id));
      state.model = textOf(message.model);
      state.usage = { ...objectOf(message.usage) };
      return [delta(state, { role: 'assistant', content: '', refusal: null })];
    }
    case 'content_block_start':
      return startBlock(state, event);
    case 'content_block_delta':
      return blockDelta(state, event);
    case 'content_block_stop':
      return stopBlock(state, event);
    case 'message_delta':
      return messageDelta(state, event);
    case 'message_stop':
      return state.includeUsage ? [usageChunk(state), doneEvent] : [doneEvent];
    // `ping`, and events that are not known yet.
    default:
      return [];
  }
}

function startBlock(state: MessageStreamState, event: JsonObject): SurfaceEvent[] {
  const block = { ...objectOf(event.content_block) };
  const toolIndex = state.toolCount;
  state.blocks.set(indexOf(event), { block, toolIndex, hasInput: false });
  if (block.type === 'redacted_thinking') return [delta(state, { [thinkingBlocksField]: [block] })];
  if (block.type === 'text' && textOf(block.text) !== '') {
    return [delta(state, { content: block.text })];
  }
  if (block.type !== 'tool_use') return [];
  state.toolCount += 1;
  const definition = { name: block.name, arguments: '' };
  return [delta(state, {
    tool_calls: [{ index: toolIndex, id: block.id, type: 'function', function: definition }],
  })];
}

function blockDelta(state: MessageStreamState, event: JsonObject): SurfaceEvent[] {
  const open = state.blocks.get(indexOf(event));
  const change = objectOf(event.delta);
  switch (change.type) {
    case 'text_delta':
      return [delta(state, { content: change.text })];
    case 'thinking_delta':
      if (open !== undefined) {
        open.block.thinking = textOf(open.block.thinking) + textOf(change.thinking);
      }
      return [delta(state, { [reasoningField]: change.thinking })];
    case 'signature_delta':
      if (open !== undefined) open.block.signature = change.signature;
      return [];
    case 'input_json_delta':
      // Inputs of Anthropic's own tools are not the client's to run.
      if (open?.block.type !== 'tool_use' || change.partial_json === '') return [];
      open.hasInput = true;
      return [argumentsDelta(state, open.toolIndex, change.partial_json)];
    default:
      return [];
  }
}

function argumentsDelta(state: MessageStreamState, index: number, json: unknown): SurfaceEvent {
  return delta(state, { tool_calls: [{ index, function: { arguments: json } }] });
}

/**
 * A signed thinking block leaves whole, so that a client can send it back as it is. A tool without
 * input streams none, but clients parse the arguments.
 */
function stopBlock(state: MessageStreamState, event: JsonObject): SurfaceEvent[] {
  const open = state.blocks.get(indexOf(event));
  state.blocks.delete(indexOf(event));
  if (open?.block.type === 'tool_use' && !open.hasInput) {
    return [argumentsDelta(state, open.toolIndex, '{}')];
  }
  if (open?.block.type !== 'thinking') return [];
  return [delta(state, { [thinkingBlocksField]: [open.block] })];
}

function messageDelta(state: MessageStreamState, event: JsonObject): SurfaceEvent[] {
  const change = objectOf(event.delta);
  for (const [key, value] of Object.entries(objectOf(event.usage))) {
    if (value !== null) state.usage[key] = value;
  }
  const explanation = textOf(objectOf(change.stop_details).explanation);
  const said = explanation === '' ? {} : { refusal: explanation };
  return [delta(state, said, finishReasonOf(change.stop_reason))];
}

function indexOf(event: JsonObject): number {
  return typeof event.index === 'number' ? event.index : 0;
}

function delta(
  state: MessageStreamState, fields: JsonObject, finishReason: string | null = null,
): SurfaceEvent {
  const choice = { index: 0, delta: fields, logprobs: null, finish_reason: finishReason };
  return chunk(state, state.includeUsage ? { choices: [choice], usage: null } : {
    choices: [choice],
  });
}

function usageChunk(state: MessageStreamState): SurfaceEvent {
  return chunk(state, { choices: [], usage: completionUsageOf(state.usage) });
}

function chunk(state: MessageStreamState, fields: JsonObject): SurfaceEvent {
  const head = {
    id: state.id, object: 'chat.completion.chunk', created: state.createdS, model: state.model,
  };
  return { event: null, data: JSON.stringify({ ...head, ...fields }) };
}
