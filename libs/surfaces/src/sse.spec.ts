import { describe, expect, test } from '@jest/globals';
import { sseParser, writeSse } from './sse';
import { type SurfaceEvent } from './surface';

const stream = '\uFEFF: hello\r\nevent: message_start\r\ndata: {"a":"ü€😀"}\r\n\r\n'
  + 'data: one\ndata: two\nid: 7\n\ndata:tight\rdata\r\rretry: 5\n\ndata: [DONE]\n\n';

const events: SurfaceEvent[] = [
  { event: 'message_start', data: '{"a":"ü€😀"}' },
  { event: null, data: 'one\ntwo' },
  { event: null, data: 'tight\n' },
  { event: null, data: '[DONE]' },
];

function parse(chunks: Uint8Array[]): SurfaceEvent[] {
  const parser = sseParser();
  return chunks.flatMap((chunk) => [...parser.push(chunk)]);
}

describe('the parser of server-sent events', () => {
  const bytes = new TextEncoder().encode(stream);

  test('knows CR, LF, CRLF, several data lines, comments and a byte order mark', () => {
    expect(parse([bytes])).toEqual(events);
  });

  test('finds the same events wherever the bytes are cut, inside characters too', () => {
    for (let size = 1; size < bytes.length; size += 1) {
      const chunks: Uint8Array[] = [];
      for (let at = 0; at < bytes.length; at += size) chunks.push(bytes.subarray(at, at + size));
      expect(parse(chunks)).toEqual(events);
    }
  });

  test('holds back an event until its empty line, and says so', () => {
    const parser = sseParser();
    expect(parser.push(new TextEncoder().encode('data: x\n'))).toEqual([]);
    expect(parser.pendingChars()).toBe(1);
  });

  test('reads what the writer writes', () => {
    const text = events.map(writeSse).join('');
    expect(parse([new TextEncoder().encode(text)])).toEqual(events);
  });
});
