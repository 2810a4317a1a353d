// From the bytes of a commit to its events, and back. NDJSON: event lines first, then content lines.
import type { ContentLine } from './content';
import type { AnyEvent } from './envelope';
import { currentVersion, upcasters } from './versions';

/**
 * Raised for a line this build cannot read. `broken`: it is no event, so no build ever will, and it
 * is set aside. Otherwise its type or version is for a newer build, and a fold must stop.
 */
export class UnreadableEvent extends Error {
  constructor(readonly line: number, why: string, readonly broken: boolean) {
    super(`event line ${line}: ${why}`);
    this.name = 'UnreadableEvent';
  }
}

/** A content line starts so; an event line starts with `{"id":`. */
const contentLineStart = '{"sha256":';
const newline = 10;

/** A commit split where facts end and content begins. */
export interface CommitText {
  readonly eventLines: readonly string[];
  /** Unparsed; decoded at each call. */
  readonly contentLines: () => string[];
}

/**
 * Splits a commit's bytes. Text is made line by line, and of content only when asked for: most
 * readers want facts, and a string of a whole commit is so large that V8 maps memory for each (a
 * seventh of the archive's time).
 */
export function splitCommit(given: Uint8Array): CommitText {
  const bytes = Buffer.from(given.buffer, given.byteOffset, given.byteLength);
  const ends = lineEnds(bytes);
  const events = eventCount(bytes, ends);
  return {
    eventLines: linesOf(bytes, ends, { from: 0, to: events }),
    contentLines: () => linesOf(bytes, ends, { from: events, to: ends.length }),
  };
}

/** The event lines of a commit as they are stored, without their line breaks; no content. */
export function eventLineBytes(given: Uint8Array): Uint8Array[] {
  const bytes = Buffer.from(given.buffer, given.byteOffset, given.byteLength);
  const ends = lineEnds(bytes);
  const events = eventCount(bytes, ends);
  return ends.slice(0, events).map((end, line) => bytes.subarray(startOf(ends, line), end));
}

/** A line break at the end begins no line. */
function lineEnds(bytes: Buffer): number[] {
  const ends = [];
  for (let start = 0; start < bytes.length;) {
    const found = bytes.indexOf(newline, start);
    const end = found < 0 ? bytes.length : found;
    ends.push(end);
    start = end + 1;
  }
  return ends;
}

function eventCount(bytes: Buffer, ends: readonly number[]): number {
  let events = ends.length;
  while (events > 0 && isContent(bytes, startOf(ends, events - 1))) events -= 1;
  return events;
}

function startOf(ends: readonly number[], line: number): number {
  return line === 0 ? 0 : (ends[line - 1] as number) + 1;
}

function isContent(bytes: Buffer, start: number): boolean {
  return bytes.toString('latin1', start, start + contentLineStart.length) === contentLineStart;
}

function linesOf(
  bytes: Buffer, ends: readonly number[], range: { readonly from: number; readonly to: number },
): string[] {
  const lines = [];
  for (let line = range.from; line < range.to; line += 1) {
    lines.push(bytes.toString('utf8', startOf(ends, line), ends[line]));
  }
  return lines;
}

/**
 * Parses one event line and lifts it to the current version.
 * @throws UnreadableEvent for what is no event, an unknown type, or a version newer than this build's.
 */
export function parseEventLine(text: string, line: number): AnyEvent {
  let event: unknown;
  try {
    event = JSON.parse(text);
  } catch (error) {
    throw new UnreadableEvent(line, `not JSON (${String(error)})`, true);
  }
  if (!isEnvelope(event)) throw new UnreadableEvent(line, 'not an event', true);
  return upcast(event, line);
}

/** The envelope alone: what is inside was checked by its writer (docs/adr/0005). */
function isEnvelope(value: unknown): value is AnyEvent {
  if (typeof value !== 'object' || value === null) return false;
  const { id, type, version, time, subject, tenant, data } = value as Record<string, unknown>;
  return typeof id === 'string' && typeof type === 'string' && typeof time === 'string'
    && typeof subject === 'string' && typeof tenant === 'string'
    && Number.isInteger(version) && (version as number) > 0
    && typeof data === 'object' && data !== null;
}

function upcast(event: AnyEvent, line: number): AnyEvent {
  // What is not a number is a property of every object (`toString`).
  const current: unknown = (currentVersion as Readonly<Record<string, unknown>>)[event.type];
  if (typeof current !== 'number') {
    throw new UnreadableEvent(line, `unknown type ${event.type}`, false);
  }
  if (event.version === current) return event;
  if (event.version > current) {
    const what = `${event.type} version ${event.version}, known up to ${current}`;
    throw new UnreadableEvent(line, what, false);
  }
  let data: unknown = event.data;
  for (let version = event.version; version < current; version += 1) {
    const lift = upcasters[event.type]?.[version];
    if (lift === undefined) {
      throw new UnreadableEvent(line, `${event.type} version ${version} has no upcaster`, false);
    }
    data = lift(data);
  }
  return { ...event, version: current, data } as AnyEvent;
}

/** Parses a content line. */
export function parseContentLine(text: string): ContentLine {
  return JSON.parse(text) as ContentLine;
}

/** The wire form of a content line; `sha256` first, which is how readers tell it from an event. */
export function contentLineText(content: ContentLine): string {
  if (content.wire !== undefined) return content.wire;
  return JSON.stringify({
    sha256: content.sha256,
    encoding: content.encoding,
    ...(content.key_id === undefined ? {} : { key_id: content.key_id }),
    text: content.text,
  });
}
