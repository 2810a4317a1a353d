// Server-sent events: an incremental parser from bytes to events, and the writer. Follows the WHATWG
// rules that matter between servers: CR, LF and CRLF, several data lines, comments, a byte order mark.
import { type SurfaceEvent } from './surface';

export interface SseParser {
  /** Events completed by these bytes. Chunk boundaries may fall anywhere, inside a character too. */
  readonly push: (bytes: Uint8Array) => readonly SurfaceEvent[];
  /** Characters that wait for the end of their event; above zero at the end means it was cut. */
  readonly pendingChars: () => number;
}

export function sseParser(): SseParser {
  // Strips a byte order mark and holds back split characters by itself.
  const decoder = new TextDecoder();
  let rest = '';
  let event: string | null = null;
  let data: string | null = null;

  const takeLine = (line: string, out: SurfaceEvent[]): void => {
    if (line === '') {
      if (data !== null) out.push({ event, data });
      event = null;
      data = null;
      return;
    }
    const [field, value] = splitField(line);
    if (field === 'data') data = data === null ? value : `${data}\n${value}`;
    else if (field === 'event') event = value;
  };

  const push = (bytes: Uint8Array): readonly SurfaceEvent[] => {
    const text = rest + decoder.decode(bytes, { stream: true });
    const out: SurfaceEvent[] = [];
    // Asked once: most servers send LF only, and a search for CR from every line is quadratic.
    const mayHaveCr = text.includes('\r');
    let start = 0;
    for (;;) {
      const end = lineEnd(text, start, mayHaveCr);
      if (end === null) break;
      takeLine(text.slice(start, end.at), out);
      start = end.next;
    }
    rest = text.slice(start);
    return out;
  };

  return { push, pendingChars: () => rest.length + (data?.length ?? 0) };
}

export function writeSse({ event, data }: SurfaceEvent): string {
  const body = data.includes('\n') ? data.replaceAll('\n', '\ndata: ') : data;
  return event === null ? `data: ${body}\n\n` : `event: ${event}\ndata: ${body}\n\n`;
}

/** Keeps proxies awake; every client ignores it. */
export function writeSseComment(text: string): string {
  return `: ${text}\n\n`;
}

/** null: the line is not complete. A CR at the very end may be half of a CRLF, so it waits. */
function lineEnd(
  text: string, from: number, mayHaveCr: boolean,
): { at: number; next: number } | null {
  const lf = text.indexOf('\n', from);
  const cr = mayHaveCr ? text.indexOf('\r', from) : -1;
  if (cr !== -1 && (lf === -1 || cr < lf)) {
    if (cr === text.length - 1) return null;
    return { at: cr, next: text.charCodeAt(cr + 1) === 10 ? cr + 2 : cr + 1 };
  }
  return lf === -1 ? null : { at: lf, next: lf + 1 };
}

function splitField(line: string): readonly [string, string] {
  const colon = line.indexOf(':');
  if (colon === -1) return [line, ''];
  const from = line.charCodeAt(colon + 1) === 32 ? colon + 2 : colon + 1;
  return [line.slice(0, colon), line.slice(from)];
}
