// The door to stream translation: a provider's events in the words of the client's surface.
import { type JsonObject } from '../json';
import { type ProviderKind, type Surface, type SurfaceEvent } from '../surface';
import {
  type ChunkStreamState, endChunkStream, newChunkStream, stepChunkStream,
} from './chunk-stream';
import { type MessageStreamState, newMessageStream, stepMessageStream } from './message-stream';

export type StreamTranslation =
  | { readonly from: 'openai'; readonly state: ChunkStreamState }
  | { readonly from: 'anthropic'; readonly state: MessageStreamState };

/** null: both speak the same, events pass as they are. */
export function newStreamTranslation(
  from: ProviderKind,
  to: Surface,
  options: { readonly createdS: number; readonly includeUsage: boolean },
): StreamTranslation | null {
  if (from === to) return null;
  return from === 'openai'
    ? { from, state: newChunkStream() }
    : { from, state: newMessageStream(options) };
}

export function stepStream(translation: StreamTranslation, event: JsonObject): SurfaceEvent[] {
  return translation.from === 'openai'
    ? stepChunkStream(translation.state, event)
    : stepMessageStream(translation.state, event);
}

/** The provider's terminator: `[DONE]` of OpenAI. Anthropic's is an event of its own. */
export function endStream(translation: StreamTranslation): SurfaceEvent[] {
  return translation.from === 'openai' ? endChunkStream(translation.state) : [];
}
