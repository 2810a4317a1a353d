// Reads a provider's stream: events to the client's surface, the gate that holds everything back
// until the first content, and the complete answer on the side.
import {
  assembled, assembledUsage, type Assembly, isAnswerComplete, isContent, newAssembly, step,
} from '@libs/surfaces/assemble';
import { isObject, type JsonObject, parseJson } from '@libs/surfaces/json';
import { doneData, isUsageChunk } from '@libs/surfaces/openai/stream';
import { doneEvent } from '@libs/surfaces/openai/unstream';
import { type SseParser, sseParser } from '@libs/surfaces/sse';
import { type ProviderKind, type Surface, type SurfaceEvent } from '@libs/surfaces/surface';
import { endStream, newStreamTranslation, stepStream, type StreamTranslation }
  from '@libs/surfaces/translate/stream';
import { answerBytesMax } from './read-answer';
import { type Delta } from './outcome';

export type StreamEnd =
  | { readonly kind: 'reading' }
  /** The terminator came. */
  | { readonly kind: 'complete' }
  /** An error event inside the stream; `text` is its envelope. */
  | { readonly kind: 'error'; readonly text: string }
  | { readonly kind: 'malformed'; readonly detail: string };

export interface StreamReader {
  /** Takes bytes; what came of it is in `end`. */
  readonly push: (bytes: Buffer) => StreamEnd;
  /** The response has ended: a stream that said everything but its terminator is complete. */
  readonly close: () => StreamEnd;
  readonly isGateOpen: () => boolean;
  /** The complete answer in the provider's own shape. */
  readonly answer: () => JsonObject;
  readonly usage: () => unknown;
}

export interface StreamOptions {
  readonly kind: ProviderKind;
  readonly surface: Surface;
  /** The client asked for the usage chunk. */
  readonly streamUsage: boolean;
  readonly createdS: number;
  readonly onDelta: (delta: Delta) => void;
  readonly onFirstContent: () => void;
}

interface Reading {
  readonly options: StreamOptions;
  readonly parser: SseParser;
  readonly assembly: Assembly;
  readonly translation: StreamTranslation | null;
  /** Deltas before the gate opened. */
  held: Delta[];
  isGateOpen: boolean;
  bytes: number;
  /** Any event came at all. */
  hasEvents: boolean;
  end: StreamEnd;
}

export function streamReader(options: StreamOptions): StreamReader {
  const { kind, surface, createdS, streamUsage } = options;
  const reading: Reading = {
    options,
    parser: sseParser(),
    assembly: newAssembly(kind),
    translation: newStreamTranslation(kind, surface, { createdS, includeUsage: streamUsage }),
    held: [],
    isGateOpen: false,
    bytes: 0,
    hasEvents: false,
    end: { kind: 'reading' },
  };
  return {
    push: (bytes) => push(reading, bytes),
    close: () => close(reading),
    isGateOpen: () => reading.isGateOpen,
    answer: () => assembled(reading.assembly),
    usage: () => assembledUsage(reading.assembly),
  };
}

function push(reading: Reading, bytes: Buffer): StreamEnd {
  reading.bytes += bytes.length;
  if (reading.bytes > answerBytesMax) {
    reading.end = { kind: 'malformed', detail: 'the stream is larger than any answer' };
  }
  for (const event of reading.parser.push(bytes)) {
    if (reading.end.kind !== 'reading') break;
    reading.hasEvents = true;
    takeEvent(reading, event);
  }
  return reading.end;
}

function takeEvent(reading: Reading, event: SurfaceEvent): void {
  const { kind } = reading.options;
  if (event.data === doneData && kind === 'openai') {
    finish(reading);
    return;
  }
  const json = parseJson(event.data);
  if (!isObject(json)) {
    if (event.data.trim() === '') return;
    reading.end = { kind: 'malformed', detail: 'an event of the stream is not JSON' };
    return;
  }
  if (json.type === 'error' || isObject(json.error)) {
    reading.end = { kind: 'error', text: event.data };
    return;
  }
  step(reading.assembly, json);
  emit(reading, outgoing(reading, event, json), isContent(kind, json));
  if (kind === 'anthropic' && json.type === 'message_stop') complete(reading);
}

/** On the same surface an event passes as it came; only the usage chunk may be ours alone. */
function outgoing(
  reading: Reading, event: SurfaceEvent, json: JsonObject,
): readonly SurfaceEvent[] {
  if (reading.translation !== null) return stepStream(reading.translation, json);
  const { kind, streamUsage } = reading.options;
  return kind === 'openai' && !streamUsage && isUsageChunk(json) ? [] : [event];
}

function emit(reading: Reading, events: readonly SurfaceEvent[], content: boolean): void {
  const { onDelta, onFirstContent } = reading.options;
  if (content && !reading.isGateOpen) {
    reading.isGateOpen = true;
    onFirstContent();
    release(reading);
  }
  for (const { event, data } of events) {
    const delta = { event, data, content };
    if (reading.isGateOpen) onDelta(delta);
    else reading.held.push(delta);
  }
}

function release(reading: Reading): void {
  for (const delta of reading.held) reading.options.onDelta(delta);
  reading.held = [];
}

/** OpenAI's terminator, said or implied. */
function finish(reading: Reading): void {
  const last = reading.translation === null ? [doneEvent] : endStream(reading.translation);
  emit(reading, last, false);
  complete(reading);
}

/** An answer without any content is an answer too. */
function complete(reading: Reading): void {
  release(reading);
  reading.end = { kind: 'complete' };
}

function close(reading: Reading): StreamEnd {
  if (reading.end.kind !== 'reading') return reading.end;
  if (isAnswerComplete(reading.assembly)) finish(reading);
  else if (reading.bytes > 0 && !reading.hasEvents) {
    reading.end = { kind: 'malformed', detail: 'the answer is not a stream of events' };
  }
  return reading.end;
}
