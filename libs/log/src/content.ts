// Content in and out of the log as it is: inline as a content line, or in the object store when large.
// Content that is sealed by a data key: libs/content-keys.
import { hash } from 'node:crypto';
import { type ContentLine, type ContentRef, inlineContentBytesMax } from '@libs/events/content';
import { parseContentLine } from '@libs/events/parse-commit';
import { Fault } from '@libs/faults/faults';
import { type Commit, type EventLog } from './log';

/** A reference to put into an event, and the line to append with it (none for large content). */
export interface PreparedContent {
  readonly ref: ContentRef;
  readonly lines: readonly ContentLine[];
}

export function sha256Hex(data: string | Uint8Array): string {
  // Without an object that the garbage collector has to end.
  return hash('sha256', data, 'hex');
}

/** Makes content ready to be named by an event; large content is stored before this resolves. */
export async function prepareContent(log: EventLog, text: string): Promise<PreparedContent> {
  const small = inlineContent(text);
  if (small !== null) return small;
  const sha256 = sha256Hex(text);
  await log.putObject(sha256, Buffer.from(text));
  return { ref: { sha256, bytes: Buffer.byteLength(text), where: 'object' }, lines: [] };
}

/** The same without waiting, for content that fits a line; null when it does not. */
export function inlineContent(text: string): PreparedContent | null {
  const bytes = Buffer.byteLength(text);
  if (bytes > inlineContentBytesMax) return null;
  const sha256 = sha256Hex(text);
  return { ref: { sha256, bytes, where: 'line' }, lines: [{ sha256, encoding: 'utf8', text }] };
}

/**
 * Reads what `ref` names; `commit` is the one that carries the event.
 * @throws Fault object_missing
 */
export async function readContent(log: EventLog, commit: Commit, ref: ContentRef): Promise<string> {
  if (ref.where === 'object') return utf8(await log.getObject(ref.sha256));
  const text = findContent(commit.contentLines, ref.sha256);
  if (text === null) {
    throw new Fault('object_missing', `commit ${commit.sequence} has no content ${ref.sha256}`);
  }
  return text;
}

/** The text of the content line with this hash, null when there is none. */
export function findContent(contentLines: readonly string[], sha256: string): string | null {
  const line = findContentLine(contentLines, sha256);
  return line === null ? null : parseContentLine(line).text;
}

export function findContentLine(contentLines: readonly string[], sha256: string): string | null {
  const start = `{"sha256":"${sha256}"`;
  return contentLines.find((candidate) => candidate.startsWith(start)) ?? null;
}

function utf8(data: Uint8Array): string {
  return Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString('utf8');
}
