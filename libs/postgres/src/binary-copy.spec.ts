import { describe, expect, it } from '@jest/globals';
import { encodeRows as encodeChunks } from './binary-copy';

const encodeRows = (...given: Parameters<typeof encodeChunks>): Buffer =>
  Buffer.concat([...encodeChunks(...given)]);

describe('binary COPY', () => {
  it('starts with the signature and ends with the trailer', () => {
    const bytes = encodeRows(['text'], []);
    expect(bytes.toString('latin1', 0, 11)).toBe('PGCOPY\n\xff\r\n\0');
    expect(bytes.readInt16BE(bytes.length - 2)).toBe(-1);
  });

  it('writes each field with its length, null as -1', () => {
    const bytes = encodeRows(['int4', 'text', 'text'], [[7, 'ab', null]]).subarray(19, -2);
    expect(bytes.toString('hex')).toBe('0003' + '0000000400000007' + '000000026162' + 'ffffffff');
  });

  it('counts time in microseconds since 2000', () => {
    const bytes = encodeRows(['timestamptz'], [[Date.UTC(2000, 0, 1) + 5]]).subarray(25, -2);
    expect(bytes.readBigInt64BE()).toBe(5_000n);
  });

  it('replaces the character that text columns cannot hold', () => {
    expect(encodeRows(['text'], [['a\0b']]).includes('a\ufffdb')).toBe(true);
  });

  it('comes in chunks that are the same bytes, however large a row is', () => {
    const rows = [10, 300_000, 20, 700_000, 30].map((size) => [Buffer.alloc(size, size % 251)]);
    const chunks = [...encodeChunks(['bytea'], rows)];
    expect(chunks.length).toBe(3);
    const fields = rows.map(([bytes]) => Buffer.concat([Buffer.from('0001', 'hex'), length(bytes!), bytes!]));
    expect(Buffer.concat(chunks).subarray(19, -2).equals(Buffer.concat(fields))).toBe(true);
  });
});

function length(bytes: Buffer): Buffer {
  const written = Buffer.alloc(4);
  written.writeInt32BE(bytes.length);
  return written;
}
