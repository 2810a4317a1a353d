// The forms an export comes in: what it begins with, one line per event, what it ends with. Pure.
import { csvRecord } from '@libs/csv/csv';
import { type EventLine } from '@libs/postgres/event-lines';
import { type EventsQuestion, type ExportFormat } from '@libs/signals/ask-audit';

/** What a bundle's proofs lead to. */
export interface SignedTree {
  readonly size: number;
  readonly note: string;
  readonly publicKey: string;
}

const csvColumns = [
  'seq', 'line', 'leaf_index', 'logged_at', 'time', 'type', 'subject', 'tenant', 'actor', 'key', 'team',
  'model', 'provider', 'outcome', 'event',
];

export function headOf(
  format: ExportFormat, question: EventsQuestion, tree: SignedTree | null,
): string {
  switch (format) {
    case 'ndjson': return '';
    case 'csv': return csvRecord(csvColumns);
    case 'bundle': return `${JSON.stringify({
      format: 'holdfast-bundle/2', about: question, gapless: isRange(question),
      public_key: tree?.publicKey ?? '', checkpoint: tree?.note ?? '',
    })}\n`;
  }
}

/** `proof`: of a bundle only. */
export function lineOf(
  format: ExportFormat, event: EventLine, proof: readonly Uint8Array[] | undefined,
): string {
  switch (format) {
    case 'ndjson': return ndjsonLine(event);
    case 'csv': return csvLine(event);
    case 'bundle': return bundleLine(event, proof ?? []);
  }
}

/** A bundle that was cut off is none. */
export function tailOf(format: ExportFormat, events: number): string {
  return format === 'bundle' ? `${JSON.stringify({ end: true, events })}\n` : '';
}

/** Nothing but a stretch of the log was asked for: nothing may be missing in between. */
function isRange(question: EventsQuestion): boolean {
  return Object.entries(question)
    .every(([name, asked]) => name === 'from' || name === 'to' || asked === null);
}

/** The event as it is stored, byte for byte. */
function ndjsonLine({ sequence, line, leaf, loggedAtMs, bytes }: EventLine): string {
  return `{"seq":${sequence},"line":${line},"leaf_index":${leaf},"logged_at":"${
    new Date(loggedAtMs).toISOString()}","event":${bytes.toString('utf8')}}\n`;
}

function csvLine(row: EventLine): string {
  const text = row.bytes.toString('utf8');
  const { time } = JSON.parse(text) as { readonly time: string };
  return csvRecord([
    row.sequence, row.line, row.leaf, new Date(row.loggedAtMs).toISOString(), time, row.type,
    row.subject, row.tenant, row.actor, row.key, row.team, row.model, row.provider, row.outcome, text,
  ]);
}

function bundleLine(
  { sequence, line, leaf, bytes }: EventLine, proof: readonly Uint8Array[],
): string {
  const event = bytes.toString('utf8');
  const isText = Buffer.from(event).equals(bytes);
  return `${JSON.stringify({
    leaf_index: leaf, ...isText ? { event } : { base64: bytes.toString('base64') },
    proof: proof.map((hash) => Buffer.from(hash).toString('base64')), archive: { sequence, line },
  })}\n`;
}
