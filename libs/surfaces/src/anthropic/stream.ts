// What can be told from one event of an Anthropic stream.
import { type JsonObject, objectOf } from '../json';

/** Carries something the model said; the start of a text block, pings and usage do not. */
export function isContentEvent(event: JsonObject): boolean {
  if (event.type === 'content_block_start') {
    const type = objectOf(event.content_block).type;
    return type !== 'text' && type !== 'thinking';
  }
  if (event.type !== 'content_block_delta') return false;
  const delta = objectOf(event.delta);
  return delta.text !== '' && delta.thinking !== '' && delta.partial_json !== '';
}
