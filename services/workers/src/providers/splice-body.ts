// Changes single top-level fields of a JSON body without parsing it, so that all other bytes reach
// the provider as the client wrote them (numbers, order and white space included).

export interface Span {
  readonly key: string;
  /** Of the key's opening quote. */
  readonly keyStart: number;
  readonly valueStart: number;
  /** Just behind the value. */
  readonly valueEnd: number;
}

export interface Edit {
  readonly start: number;
  readonly end: number;
  readonly text: string;
}

const quote = 0x22;
const backslash = 0x5c;
const comma = 0x2c;

/** The fields of the outermost object; null where the text is not an object. */
export function topLevelSpans(body: Buffer): Span[] | null {
  let at = skipSpace(body, 0);
  if (body[at] !== 0x7b) return null;
  at = skipSpace(body, at + 1);
  const spans: Span[] = [];
  while (body[at] === quote) {
    const keyStart = at;
    const keyEnd = stringEnd(body, at);
    const colon = skipSpace(body, keyEnd);
    if (keyEnd === -1 || body[colon] !== 0x3a) return null;
    const valueStart = skipSpace(body, colon + 1);
    const valueEnd = endOfValue(body, valueStart);
    if (valueEnd === -1) return null;
    spans.push({
      key: body.toString('utf8', keyStart + 1, keyEnd - 1), keyStart, valueStart, valueEnd,
    });
    at = skipSpace(body, valueEnd);
    if (body[at] === comma) at = skipSpace(body, at + 1);
  }
  return body[at] === 0x7d ? spans : null;
}

export function replaceValue(span: Span, json: string): Edit {
  return { start: span.valueStart, end: span.valueEnd, text: json };
}

/** Puts fields in front of all others. */
export function insertFields(body: Buffer, spans: readonly Span[], fields: string): Edit {
  const at = body.indexOf('{') + 1;
  return { start: at, end: at, text: spans.length === 0 ? fields : `${fields},` };
}

/** With the comma that ties it to its neighbour. */
export function removeField(spans: readonly Span[], index: number): Edit {
  const span = spans[index];
  const next = spans[index + 1];
  const before = spans[index - 1];
  if (span === undefined) return { start: 0, end: 0, text: '' };
  if (next !== undefined) return { start: span.keyStart, end: next.keyStart, text: '' };
  return { start: before?.valueEnd ?? span.keyStart, end: span.valueEnd, text: '' };
}

/** The very same buffer where there is nothing to change. */
export function applyEdits(body: Buffer, edits: readonly Edit[]): Buffer {
  if (edits.length === 0) return body;
  const parts: Buffer[] = [];
  let from = 0;
  for (const edit of [...edits].sort((a, b) => a.start - b.start)) {
    if (edit.start < from) continue;
    parts.push(body.subarray(from, edit.start), Buffer.from(edit.text));
    from = edit.end;
  }
  parts.push(body.subarray(from));
  return Buffer.concat(parts);
}

function skipSpace(body: Buffer, from: number): number {
  let at = from;
  for (;;) {
    const byte = body[at];
    if (byte !== 0x20 && byte !== 0x0a && byte !== 0x0d && byte !== 0x09) return at;
    at += 1;
  }
}

/** Behind the closing quote. Long strings (pictures) are crossed by a native search. */
function stringEnd(body: Buffer, open: number): number {
  let at = open + 1;
  for (;;) {
    const end = body.indexOf(quote, at);
    if (end === -1) return -1;
    let slashes = 0;
    while (body[end - 1 - slashes] === backslash) slashes += 1;
    if (slashes % 2 === 0) return end + 1;
    at = end + 1;
  }
}

function endOfValue(body: Buffer, from: number): number {
  const first = body[from];
  if (first === quote) return stringEnd(body, from);
  if (first === 0x7b || first === 0x5b) return endOfNested(body, from);
  let at = from;
  while (at < body.length && !endsScalar(body[at])) at += 1;
  return at > from ? at : -1;
}

function endsScalar(byte: number | undefined): boolean {
  return byte === comma || byte === 0x7d || byte === 0x5d || byte === 0x20 || byte === 0x0a
    || byte === 0x0d || byte === 0x09;
}

function endOfNested(body: Buffer, from: number): number {
  let depth = 0;
  let at = from;
  while (at < body.length) {
    const byte = body[at];
    if (byte === quote) {
      at = stringEnd(body, at);
      if (at === -1) return -1;
      continue;
    }
    if (byte === 0x7b || byte === 0x5b) depth += 1;
    else if (byte === 0x7d || byte === 0x5d) {
      depth -= 1;
      if (depth === 0) return at + 1;
    }
    at += 1;
  }
  return -1;
}
