// A settled answer as a stream, and what tells that a stream has come to its end.
import { unstream } from '@libs/surfaces/assemble';
import { isObject, parseJson } from '@libs/surfaces/json';
import { type Surface, type SurfaceEvent } from '@libs/surfaces/surface';

/** First part of the ids of a stream made from the result, where others have their attempt. */
export const resultAttempt = 'result';

export const openaiEnd: SurfaceEvent = { event: null, data: '[DONE]' };

/** The surface's own last event. */
export function endsStream(surface: Surface, last: SurfaceEvent | null): boolean {
  if (last === null) return false;
  return surface === 'openai' ? last.data === '[DONE]' : last.event === 'message_stop';
}

/** Everything was said and only the end mark is missing (OpenAI's surface has it apart). */
export function looksComplete(surface: Surface, last: SurfaceEvent | null): boolean {
  if (last === null || surface !== 'openai') return false;
  return /"finish_reason":\s*"/.test(last.data) || /"choices":\s*\[\]/.test(last.data);
}

export interface StreamShape {
  readonly surface: Surface;
  readonly endpoint: string;
  readonly includeUsage: boolean;
}

/** null when the body is no answer that can be streamed. */
export function eventsOfResult(shape: StreamShape, body: string | null): SurfaceEvent[] | null {
  const answer = body === null ? undefined : parseJson(body);
  if (!isObject(answer)) return null;
  return unstream(shape.surface, answer, { includeUsage: shape.includeUsage });
}
