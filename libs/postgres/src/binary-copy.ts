// PostgreSQL's binary COPY format (documentation, COPY, "Binary Format"): the cheapest way to hand
// many rows to the server. Encodes typed columns; knows nothing of tables.

export type ColumnType =
  | 'int4' | 'int8' | 'text' | 'bytea' | 'timestamptz' | 'jsonb' | 'int8[]' | 'text[]';

/** Values by type: int4 number, int8 number or bigint, timestamptz ms since the epoch. */
export type ColumnValue =
  | string | number | bigint | Uint8Array | readonly bigint[] | readonly string[] | null;

const signature = Buffer.from('PGCOPY\n\xff\r\n\0', 'latin1');
const headerBytes = 8; // flags and extension length, both zero
const nullLength = -1;
const endOfRows = -1;
/** 2000-01-01 in ms since 1970: PostgreSQL's own epoch. */
const postgresEpochMs = 946_684_800_000;
const int8Oid = 20;
const textOid = 25;

/** A chunk has at least this size, except the last: neither a copy of all rows nor many writes. */
const chunkBytesMin = 256 * 1024;

/** Encodes all rows as one COPY stream, in chunks. */
export function* encodeRows(
  types: readonly ColumnType[], rows: readonly (readonly ColumnValue[])[],
): Generator<Buffer> {
  let out = new Bytes(64 * 1024);
  out.bytes(signature);
  out.zeros(headerBytes);
  for (const row of rows) {
    out.int2(types.length);
    for (let index = 0; index < types.length; index += 1) {
      pushField(out, types[index] as ColumnType, row[index] ?? null);
    }
    if (out.length < chunkBytesMin) continue;
    yield out.taken();
    out = new Bytes(chunkBytesMin * 2);
  }
  out.int2(endOfRows);
  yield out.taken();
}

/** A field is its length and its bytes; the length is known once they are written. */
function pushField(out: Bytes, type: ColumnType, value: ColumnValue): void {
  if (value === null) { out.int4(nullLength); return; }
  const lengthAt = out.skip(4);
  pushValue(out, type, value);
  out.int4At(lengthAt, out.length - lengthAt - 4);
}

function pushValue(out: Bytes, type: ColumnType, value: NonNullable<ColumnValue>): void {
  switch (type) {
    case 'int4': out.int4(Number(value)); return;
    case 'int8': out.int8(BigInt(value as number | bigint | string)); return;
    case 'timestamptz': out.int8(BigInt(Number(value) - postgresEpochMs) * 1000n); return;
    case 'text': out.text(withoutNul(value as string)); return;
    case 'bytea': out.bytes(value as Uint8Array); return;
    case 'jsonb': out.int1(1); out.text(value as string); return;
    case 'int8[]':
      pushArray(out, int8Oid, value as readonly bigint[], (item) => { out.int8(item); });
      return;
    case 'text[]':
      pushArray(out, textOid, value as readonly string[], (item) => { out.text(withoutNul(item)); });
  }
}

/** PostgreSQL's text cannot hold U+0000. */
function withoutNul(text: string): string {
  return text.includes('\0') ? text.replaceAll('\0', '\ufffd') : text;
}

/** One dimension, lower bound 1, no nulls. */
function pushArray<T>(
  out: Bytes, oid: number, values: readonly T[], push: (value: T) => void,
): void {
  out.int4(values.length === 0 ? 0 : 1);
  out.int4(0);
  out.int4(oid);
  if (values.length === 0) return;
  out.int4(values.length);
  out.int4(1);
  for (const value of values) {
    const lengthAt = out.skip(4);
    push(value);
    out.int4At(lengthAt, out.length - lengthAt - 4);
  }
}

/** One buffer that grows: a small one for every field cost more than all else of a write. */
class Bytes {
  #buffer: Buffer;
  length = 0;

  constructor(capacity: number) {
    this.#buffer = Buffer.allocUnsafe(capacity);
  }

  taken(): Buffer {
    return this.#buffer.subarray(0, this.length);
  }

  /** Where the skipped bytes begin. */
  skip(count: number): number {
    this.#room(count);
    this.length += count;
    return this.length - count;
  }

  zeros(count: number): void {
    const at = this.skip(count);
    this.#buffer.fill(0, at, at + count);
  }

  int1(value: number): void {
    const at = this.skip(1);
    this.#buffer.writeInt8(value, at);
  }

  int2(value: number): void {
    const at = this.skip(2);
    this.#buffer.writeInt16BE(value, at);
  }

  int4(value: number): void {
    this.int4At(this.skip(4), value);
  }

  int4At(at: number, value: number): void {
    this.#buffer.writeInt32BE(value, at);
  }

  int8(value: bigint): void {
    const at = this.skip(8);
    this.#buffer.writeBigInt64BE(value, at);
  }

  bytes(value: Uint8Array): void {
    const at = this.skip(value.length);
    this.#buffer.set(value, at);
  }

  text(value: string): void {
    // UTF-8 takes at most three bytes for each unit of a string.
    this.#room(value.length * 3);
    this.length += this.#buffer.write(value, this.length, 'utf8');
  }

  #room(count: number): void {
    if (this.length + count <= this.#buffer.length) return;
    const larger = Buffer.allocUnsafe(Math.max(this.#buffer.length * 2, this.length + count));
    this.#buffer.copy(larger, 0, 0, this.length);
    this.#buffer = larger;
  }
}
