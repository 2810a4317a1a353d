// The stream of an attempt that goes on with an answer, as the rest of the stream its client has
// begun to read: without its opening, under the answer's own id, and without what was said before.
import { eventOf } from '../anthropic/unstream';
import { isGiven, isObject, type JsonObject, objectOf, objectsOf, parseJson, textOf } from '../json';
import { isContentChunk } from '../openai/stream';
import { type Surface, type SurfaceEvent } from '../surface';
import { type BegunAnswer } from './answer-so-far';
import { heldBack, newIn, type RepeatedText } from './repeated-text';

/** Moves in place, one event at a time. */
export interface ContinuedStream {
  readonly surface: Surface;
  readonly begun: JsonObject;
  readonly repeated: RepeatedText;
  /** All text of the answer, the beginning included. */
  text: string;
  /** The client's text block is still open. Anthropic's surface only. */
  isOpen: boolean;
  /** How far the blocks of this attempt are moved behind the one the client has. */
  shift: number;
  /** A block, or anything said, has come. */
  hasBegun: boolean;
}

export function continuedStream(
  surface: Surface, { answer, text }: BegunAnswer, repeated: RepeatedText,
): ContinuedStream {
  return { surface, begun: answer, repeated, text, isOpen: true, shift: 0, hasBegun: false };
}

export function stepContinued(state: ContinuedStream, event: SurfaceEvent): SurfaceEvent[] {
  const json = parseJson(event.data);
  if (!isObject(json)) return [event];
  return state.surface === 'openai' ? stepChunk(state, json) : stepMessage(state, json);
}

function stepChunk(state: ContinuedStream, chunk: JsonObject): SurfaceEvent[] {
  const { begun } = state;
  const named = { ...chunk, id: begun.id ?? chunk.id, created: begun.created ?? chunk.created };
  const [choice, ...others] = objectsOf(chunk.choices);
  if (choice === undefined) return [chunkEvent(named)];
  const isEnd = isGiven(choice.finish_reason);
  if (!state.hasBegun && !isEnd && !isContentChunk(chunk)) return [];
  state.hasBegun = true;
  const delta = { ...objectOf(choice.delta) };
  const said = newText(state, textOf(delta.content), isEnd);
  Reflect.deleteProperty(delta, 'role');
  Reflect.deleteProperty(delta, 'content');
  if (said !== '') delta.content = said;
  if (Object.keys(delta).length === 0 && !isEnd) return [];
  return [chunkEvent({ ...named, choices: [{ ...choice, delta }, ...others] })];
}

function chunkEvent(chunk: JsonObject): SurfaceEvent {
  return { event: null, data: JSON.stringify(chunk) };
}

function stepMessage(state: ContinuedStream, event: JsonObject): SurfaceEvent[] {
  switch (event.type) {
    case 'message_start':
      return [];
    case 'ping':
      return state.hasBegun ? [eventOf(event)] : [];
    case 'content_block_start':
      return startBlock(state, event);
    case 'content_block_delta':
      return blockDelta(state, event);
    case 'content_block_stop':
      return indexOf(event) + state.shift === 0 ? close(state) : [moved(state, event)];
    case 'message_delta':
    case 'message_stop':
      // A model with nothing to add opens no block.
      return [...close(state), eventOf(event)];
    // Events that are not known yet.
    default:
      return [eventOf(event)];
  }
}

function startBlock(state: ContinuedStream, event: JsonObject): SurfaceEvent[] {
  const block = objectOf(event.content_block);
  const isFirst = !state.hasBegun;
  state.hasBegun = true;
  if (isFirst && block.type === 'text') return textDelta(state, textOf(block.text));
  const before = close(state);
  if (isFirst) state.shift = 1;
  return [...before, moved(state, event)];
}

function blockDelta(state: ContinuedStream, event: JsonObject): SurfaceEvent[] {
  const delta = objectOf(event.delta);
  const isOurs = indexOf(event) + state.shift === 0 && delta.type === 'text_delta';
  return isOurs ? textDelta(state, textOf(delta.text)) : [moved(state, event)];
}

/** With what was held back, if it was no echo after all. */
function close(state: ContinuedStream): SurfaceEvent[] {
  if (!state.isOpen) return [];
  state.isOpen = false;
  const rest = newText(state, '', true);
  return [
    ...(rest === '' ? [] : [deltaEvent(rest)]),
    eventOf({ type: 'content_block_stop', index: 0 }),
  ];
}

function textDelta(state: ContinuedStream, piece: string): SurfaceEvent[] {
  const said = newText(state, piece, false);
  return said === '' ? [] : [deltaEvent(said)];
}

function deltaEvent(text: string): SurfaceEvent {
  return eventOf({ type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text } });
}

function newText(state: ContinuedStream, piece: string, isLast: boolean): string {
  let said = newIn(state.repeated, piece);
  if (isLast) said += heldBack(state.repeated);
  state.text += said;
  return said;
}

function moved(state: ContinuedStream, event: JsonObject): SurfaceEvent {
  return eventOf({ ...event, index: indexOf(event) + state.shift });
}

function indexOf(event: JsonObject): number {
  return typeof event.index === 'number' ? event.index : 0;
}
