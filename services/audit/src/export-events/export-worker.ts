// Works exports off, one after the other and page by page, while this process is the one that archives.
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import { isFault } from '@libs/faults/faults';
import { type Database } from '@libs/postgres/database';
import { readLines } from '@libs/postgres/event-lines';
import { type EventFilter, findEvents } from '@libs/postgres/event-reads';
import {
  advanceExport, type ExportRecord, failExport, forgetExports, nextExport,
} from '@libs/postgres/export-store';
import { proveInclusions } from '@libs/postgres/tree-reads';
import { type ExportFormat } from '@libs/signals/ask-audit';
import { type Logger } from '@libs/telemetry/logger';
import { type ArchiveControl } from '../shared/archive-control';
import { lineOf, tailOf } from './formats';

const compress = promisify(gzip);

const lookEveryMs = 1_000;
/** A transaction of well under a second. */
const pageEvents = 2_000;
const lookMsMax = 1_000;
/** NATS takes messages of 1 MB, and a piece travels compressed, in base64. */
const chunkCharsMax = 512 * 1024;
/** Events are text that compresses to a fifth; more effort is not worth its time. */
const compressionLevel = 3;
const keptForMs = 86_400_000;

export interface WorkerParts {
  readonly archiver: ArchiveControl;
  readonly database: Database;
  readonly logger: Logger;
}

export class ExportWorker {
  #timer: NodeJS.Timeout | null = null;
  #running: Promise<void> = Promise.resolve();
  #busy = false;
  #stopping = false;

  constructor(private readonly parts: WorkerParts) {}

  start(): void {
    this.#timer = setInterval(() => { this.wake(); }, lookEveryMs);
  }

  /** Something may be there to do. */
  wake(): void {
    if (this.#busy || this.#stopping || !this.parts.archiver.writing) return;
    this.#busy = true;
    this.#running = this.#work().finally(() => { this.#busy = false; });
  }

  async stop(): Promise<void> {
    this.#stopping = true;
    if (this.#timer !== null) clearInterval(this.#timer);
    await this.#running;
  }

  async #work(): Promise<void> {
    const { database, logger } = this.parts;
    let current: ExportRecord | null = null;
    try {
      await forgetExports(database, keptForMs);
      while (!this.#stopping) {
        current = await nextExport(database);
        if (current === null) return;
        await step(database, current);
      }
    } catch (error) {
      logger.warn({ err: error, id: current?.id }, 'an export was interrupted');
      // While PostgreSQL is away it waits, and goes on where it was.
      if (isFault(error) || current === null) return;
      await failExport(database, current.id, String(error)).catch((failure: unknown) => {
        logger.warn({ err: failure, id: current?.id }, 'an export could not be marked as failed');
      });
    }
  }
}

/** One page. @throws Fault archive_unavailable */
async function step(database: Database, current: ExportRecord): Promise<void> {
  const format = current.format as ExportFormat;
  const { rows, rest } = await findEvents(
    database, current.question as EventFilter, { from: current.nextLeaf, to: current.toLeaf },
    { newestFirst: false, limit: pageEvents, withinMs: lookMsMax },
  );
  const lines = await readLines(database, rows);
  const proofs = current.treeSize === null ? []
    : await proveInclusions(database, rows.map(({ leaf }) => leaf), current.treeSize);
  const isDone = rest.from >= rest.to;
  const texts = lines.map((line, at) => lineOf(format, line, proofs[at]));
  if (current.chunks === 0) texts.unshift(current.head);
  if (isDone) texts.push(tailOf(format, current.events + rows.length));
  const chunks = await Promise.all(piecesOf(texts).map(async (text) => {
    const bytes = Buffer.from(text);
    return { compressed: await compress(bytes, { level: compressionLevel }), bytes: bytes.length };
  }));
  await advanceExport(database, current, {
    nextLeaf: isDone ? current.toLeaf : rest.from, events: rows.length, chunks, isDone,
  });
}

/** Whole lines together, as large as a piece may be; a longer line is a piece of its own. */
function piecesOf(texts: readonly string[]): string[] {
  const pieces: string[] = [];
  let piece = '';
  for (const text of texts) {
    if (piece !== '' && piece.length + text.length > chunkCharsMax) {
      pieces.push(piece);
      piece = '';
    }
    piece += text;
  }
  return piece === '' ? pieces : [...pieces, piece];
}
