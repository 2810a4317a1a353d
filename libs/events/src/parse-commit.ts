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
