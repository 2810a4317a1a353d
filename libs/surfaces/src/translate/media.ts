// Pictures and documents between the surfaces: URLs and data URIs ↔ sources.
import { type JsonObject, objectOf, textOf } from '../json';
import { type Losses } from './translation';

/** OpenAI's picture part → Anthropic's block. `detail` has no counterpart there. */
export function imageBlockOf(part: JsonObject): JsonObject {
  const image = part.image_url;
  const url = typeof image === 'string' ? image : textOf(objectOf(image).url);
  return { type: 'image', source: sourceOfUrl(url), ...cacheControlOf(part) };
}

/** OpenAI's file part → Anthropic's document; null where it is a reference to OpenAI's storage. */
export function documentBlockOf(part: JsonObject, losses: Losses): JsonObject | null {
  const file = objectOf(part.file);
  const data = textOf(file.file_data);
  if (data === '') {
    losses.unsupported.add('messages.file_id');
    return null;
  }
  const source = data.startsWith('data:') || data.startsWith('http')
    ? sourceOfUrl(data)
    : { type: 'base64', media_type: 'application/pdf', data };
  const title = textOf(file.filename);
  return {
    type: 'document',
    source: source.media_type === 'text/plain' ? plainTextOf(source) : source,
    ...(title === '' ? {} : { title }),
    ...cacheControlOf(part),
  };
}

export function imagePartOf(block: JsonObject, losses: Losses): JsonObject | null {
  const url = urlOfSource(objectOf(block.source));
  if (url === null) losses.unsupported.add('messages.file_id');
  return url === null ? null : { type: 'image_url', image_url: { url } };
}

/** Anthropic's document → OpenAI's part; plain text and URLs have no file part there. */
export function documentPartOf(block: JsonObject, losses: Losses): JsonObject | null {
  const source = objectOf(block.source);
  const title = textOf(block.title);
  if (source.type === 'text') return { type: 'text', text: titled(title, textOf(source.data)) };
  if (source.type === 'content') {
    return { type: 'text', text: titled(title, contentText(source.content)) };
  }
  const url = source.type === 'base64' ? urlOfSource(source) : null;
  if (url === null) {
    losses.unsupported.add(source.type === 'file' ? 'messages.file_id' : 'messages.document');
    return null;
  }
  return {
    type: 'file', file: { filename: title === '' ? 'document.pdf' : title, file_data: url },
  };
}

export function cacheControlOf(part: JsonObject): JsonObject {
  const mark = part.cache_control;
  return mark === undefined || mark === null ? {} : { cache_control: mark };
}

function sourceOfUrl(url: string): JsonObject {
  const match = /^data:([^;,]*)(?:;[^,]*)?,/.exec(url.slice(0, 200));
  if (match === null) return { type: 'url', url };
  const mediaType = match[1] === '' ? 'text/plain' : (match[1] ?? 'text/plain');
  const normal = mediaType === 'image/jpg' ? 'image/jpeg' : mediaType;
  return { type: 'base64', media_type: normal, data: url.slice(match[0].length) };
}

function urlOfSource(source: JsonObject): string | null {
  if (source.type === 'url') return textOf(source.url);
  if (source.type !== 'base64') return null;
  return `data:${textOf(source.media_type)};base64,${textOf(source.data)}`;
}

/** Anthropic takes plain text as text, not as base64. */
function plainTextOf(source: JsonObject): JsonObject {
  const bytes = Uint8Array.from(atob(textOf(source.data)), (char) => char.charCodeAt(0));
  return { type: 'text', media_type: 'text/plain', data: new TextDecoder().decode(bytes) };
}

function titled(title: string, text: string): string {
  return title === '' ? text : `${title}\n\n${text}`;
}

function contentText(content: unknown): string {
  if (typeof content === 'string') return content;
  if (!Array.isArray(content)) return '';
  return (content as unknown[]).map((part) => textOf(objectOf(part).text)).join('\n');
}
