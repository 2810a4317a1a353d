// PostgreSQL's binary COPY format (documentation, COPY, "Binary Format"): the cheapest way to hand
// many rows to the server. Encodes typed columns; knows nothing of tables.

export type ColumnType = 'int4' | 'int8' | 'text' | 'bytea' | 'timestamptz' | 'jsonb' | 'int8[]';

/** Values by type: int4 number, int8 number or bigint, timestamptz ms since the epoch. */
export type ColumnValue = string | number | bigint | Uint8Array | readonly bigint[] | null;

const signature = Buffer.from('PGCOPY\n\xff\r\n\0', 'latin1');
const headerTail = Buffer.alloc(8); // flags and extension length, both zero
const trailer = Buffer.from([0xff, 0xff]);
/** 2000-01-01 in ms since 1970: PostgreSQL's own epoch. */
const postgresEpochMs = 946_684_800_000;
const int8Oid = 20;

/** Encodes all rows as one COPY stream. */
export function encodeRows(
  types: readonly ColumnType[], rows: readonly (readonly ColumnValue[])[],
): Buffer {
  const parts: Buffer[] = [signature, headerTail];
  for (const row of rows) {
    const count = Buffer.allocUnsafe(2);
    count.writeInt16BE(types.length);
    parts.push(count);
    types.forEach((type, index) => pushField(parts, type, row[index] ?? null));
  }
  parts.push(trailer);
  return Buffer.concat(parts);
}

function pushField(parts: Buffer[], type: ColumnType, value: ColumnValue): void {
  const length = Buffer.allocUnsafe(4);
  if (value === null) {
    length.writeInt32BE(-1);
    parts.push(length);
    return;
  }
  const bytes = encodeValue(type, value);
  length.writeInt32BE(bytes.length);
  parts.push(length, bytes);
}

function encodeValue(type: ColumnType, value: NonNullable<ColumnValue>): Buffer {
  switch (type) {
    case 'int4': {
      const bytes = Buffer.allocUnsafe(4);
      bytes.writeInt32BE(Number(value));
      return bytes;
    }
    case 'int8':
      return int8(BigInt(value as number | bigint | string));
    case 'timestamptz':
      return int8(BigInt(Number(value) - postgresEpochMs) * 1000n);
    case 'text':
      // PostgreSQL's text cannot hold U+0000.
      return Buffer.from((value as string).replaceAll('\0', '\ufffd'));
    case 'bytea':
      return Buffer.from(value as Uint8Array);
    case 'jsonb':
      return Buffer.concat([Buffer.from([1]), Buffer.from(value as string)]);
    case 'int8[]':
      return int8Array(value as readonly bigint[]);
  }
}

function int8(value: bigint): Buffer {
  const bytes = Buffer.allocUnsafe(8);
  bytes.writeBigInt64BE(value);
  return bytes;
}

/** One dimension, lower bound 1, no nulls. */
function int8Array(values: readonly bigint[]): Buffer {
  const header = Buffer.alloc(20);
  header.writeInt32BE(values.length === 0 ? 0 : 1, 0);
  header.writeInt32BE(0, 4);
  header.writeInt32BE(int8Oid, 8);
  header.writeInt32BE(values.length, 12);
  header.writeInt32BE(1, 16);
  if (values.length === 0) return header.subarray(0, 12);
  const width = Buffer.alloc(4);
  width.writeInt32BE(8);
  return Buffer.concat([header, ...values.flatMap((value) => [width, int8(value)])]);
}
