// The process that folds the past for audit: of its own, so that archiving goes on meanwhile and its
// memory is bounded by itself; and with less right to the processor than what serves requests.
import os from 'node:os';
import { isFault } from '@libs/faults/faults';
import { openDatabase } from '@libs/postgres/database';
import { entriesOf, type LazyEntry } from '@libs/routing/moment/entries';
import { pageOf } from '@libs/routing/moment/page';
import { settingsOrExit } from '@libs/service-life/service-life';
import { replyBytesMax } from '@libs/signals/signals';
import { newInstanceId } from '@libs/telemetry/ids';
import { createLogger } from '@libs/telemetry/logger';
import { auditSettings } from '../settings';
import { type FoldMessage, type PageOrder } from './fold-messages';
import { NotArchived, PastWorld } from './past-world';
import { snapshotEveryEvents } from '../shared/snapshot-distance';

/** Half way to the least: what serves requests comes first, and the fold comes on nevertheless. */
const niceness = 10;
/** Of text that is all beyond ASCII this is three times as many bytes: still one answer. */
const pageCharsMax = replyBytesMax / 2;
/** What the server takes by default, and room for what stands around the page. */
const answerBytesMax = 1_000_000;

const settings = settingsOrExit('audit', auditSettings);
const logger = createLogger({
  service: 'audit', instance: newInstanceId('past'), level: settings.HOLDFAST_LOG_LEVEL,
});
os.setPriority(niceness);
const database = openDatabase({
  url: settings.DATABASE_URL, connectionsMax: 2, statementTimeoutMs: 0,
  onError: (error) => logger.warn({ err: error }, 'a database connection broke'),
});
const [, , partitions = ''] = process.argv;
const past = new PastWorld({
  database, partitionCount: Number(partitions), snapshotEveryEvents,
  progress: (sequence) => send({ kind: 'progress', sequence }),
  warn: (message) => logger.warn(message),
});
let listed: { readonly name: string; readonly entries: readonly LazyEntry[] } | null = null;

// Audit is gone, however it went.
process.on('disconnect', () => process.exit(0));
process.on('message', (order: PageOrder) => {
  answer(order).then(send, (error: unknown) => {
    listed = null;
    if (error instanceof NotArchived) { send({ kind: 'not_archived', message: error.message }); return; }
    logger.error({ err: error }, 'a moment of the past could not be made');
    const message = isFault(error) ? error.message : `a fault of ours: ${String(error)}`;
    send({ kind: 'failed', message });
  });
});

async function answer(order: PageOrder): Promise<FoldMessage> {
  const { sequence, nowMs, projection, tenant, subject, fromBeginning } = order;
  const { world, folded } = await past.at(sequence, fromBeginning);
  const name = JSON.stringify([sequence, nowMs, projection, tenant, subject, fromBeginning]);
  if (listed?.name !== name) {
    listed = { name, entries: entriesOf(world, projection, { tenant, subject }, nowMs) };
  }
  const page = { ...pageOf(listed.entries, order, pageCharsMax), folded };
  return Buffer.byteLength(JSON.stringify(page)) <= answerBytesMax ? { kind: 'page', page }
    : { kind: 'failed', message: `${page.data[0]?.key} is larger than an answer may be` };
}

function send(message: FoldMessage): void {
  process.send?.(message);
}
