// Content in and out of the log, sealed by a data key or, without one, as it is. What the log names is
// the SHA-256 of what it holds: of sealed content that is the ciphertext's, which says nothing about
// the content when its key is gone.
import { type ContentRef, inlineContentBytesMax } from '@libs/events/content';
import { parseContentLine } from '@libs/events/parse-commit';
import { Fault } from '@libs/faults/faults';
import {
  findContentLine, inlineContent, prepareContent, type PreparedContent, sha256Hex,
} from '@libs/log/content';
import { type EventLog } from '@libs/log/log';
import { type DataKey } from './data-key';

/** Makes content ready to be named by an event; large content is stored before this resolves. */
export async function sealContent(
  log: EventLog, text: string, key: DataKey | null,
): Promise<PreparedContent> {
  const small = sealInline(text, key);
  if (small !== null) return small;
  if (key === null) return prepareContent(log, text);
  const sealed = key.seal(text, 'derived');
  const sha256 = sha256Hex(sealed);
  await log.putObject(sha256, sealed);
  const bytes = Buffer.byteLength(text);
  return { ref: { sha256, bytes, where: 'object', key_id: key.id }, lines: [] };
}

/** The same without waiting, for content that fits a line; null when it does not. */
export function sealInline(text: string, key: DataKey | null): PreparedContent | null {
  if (key === null) return inlineContent(text);
  const bytes = Buffer.byteLength(text);
  if (bytes > inlineContentBytesMax) return null;
  const sealed = key.seal(text, 'fresh');
  const sha256 = sha256Hex(sealed);
  return {
    ref: { sha256, bytes, where: 'line', key_id: key.id },
    lines: [{ sha256, encoding: 'base64', key_id: key.id, text: sealed.toString('base64') }],
  };
}

/** Content of a line, null when there is no line with its hash. @throws Fault object_missing */
export function openLine(
  contentLines: readonly string[], ref: ContentRef, key: DataKey | null,
): string | null {
  const line = findContentLine(contentLines, ref.sha256);
  if (line === null) return null;
  const { text, encoding } = parseContentLine(line);
  return ref.key_id === undefined ? text : theKey(ref, key).open(Buffer.from(text, encoding));
}

/** Content of an object. @throws Fault object_missing */
export function openObject(data: Uint8Array, ref: ContentRef, key: DataKey | null): string {
  if (ref.key_id !== undefined) return theKey(ref, key).open(data);
  return Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString('utf8');
}

function theKey(ref: ContentRef, key: DataKey | null): DataKey {
  if (key !== null && key.id === ref.key_id) return key;
  throw new Fault('content_key_missing', `content ${ref.sha256} is sealed by ${ref.key_id ?? ''}`);
}
