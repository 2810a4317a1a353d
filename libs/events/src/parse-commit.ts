// From the bytes of a commit to its events, and back. NDJSON: event lines first, then content lines.
import type { ContentLine } from './content';
import type { AnyEvent } from './envelope';
import { currentVersion, upcasters } from './versions';

/** Raised for a line this build cannot read: unknown type or newer version. A fold must stop. */
export class UnreadableEvent extends Error {
  constructor(readonly line: number, why: string) {
    super(`event line ${line}: ${why}`);
    this.name = 'UnreadableEvent';
  }
}

/** A content line starts so; an event line starts with `{"id":`. */
const contentLineStart = '{"sha256":';

/** The text of a commit split where facts end and content begins; content stays unparsed. */
export interface CommitText {
  readonly eventLines: readonly string[];
  readonly contentLines: readonly string[];
}

/** Splits a commit's text. Empty trailing lines are ignored. */
export function splitCommit(text: string): CommitText {
  const lines = text.split('\n');
  if (lines.at(-1) === '') lines.pop();
  let events = lines.length;
  while (events > 0 && lines[events - 1]?.startsWith(contentLineStart) === true) events -= 1;
  return { eventLines: lines.slice(0, events), contentLines: lines.slice(events) };
}

/**
 * Parses one event line and lifts it to the current version.
 * @throws UnreadableEvent for broken JSON, an unknown type, or a version newer than this build's.
 */
export function parseEventLine(text: string, line: number): AnyEvent {
  let event: AnyEvent;
  try {
    event = JSON.parse(text) as AnyEvent;
  } catch (error) {
    throw new UnreadableEvent(line, `not JSON (${String(error)})`);
  }
  if (typeof event !== 'object' || (event as unknown) === null) {
    throw new UnreadableEvent(line, 'not an object');
  }
  return upcast(event, line);
}

function upcast(event: AnyEvent, line: number): AnyEvent {
  // What is not a number is a property of every object (`toString`), or no type at all.
  const current: unknown = (currentVersion as Readonly<Record<string, unknown>>)[event.type];
  if (typeof current !== 'number') throw new UnreadableEvent(line, `unknown type ${event.type}`);
  if (event.version === current) return event;
  if (event.version > current) {
    throw new UnreadableEvent(line, `${event.type} version ${event.version}, known up to ${current}`);
  }
  let data: unknown = event.data;
  for (let version = event.version; version < current; version += 1) {
    const lift = upcasters[event.type]?.[version];
    if (lift === undefined) {
      throw new UnreadableEvent(line, `${event.type} version ${version} has no upcaster`);
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
