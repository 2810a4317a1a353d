// Brings the tree to the end of an archive that was there before it. In pages of bounded size, each
// a transaction; the archiver goes on meanwhile, and takes the tree over where they meet.
import { type Database } from '@libs/postgres/database';
import { readRetained } from '@libs/postgres/restore-reads';
import { extendFromArchive, readTreePosition, type TreePosition } from '@libs/postgres/tree-store';
import { type Logger } from '@libs/telemetry/logger';

/** Often enough to see that it moves. */
const reportEveryMs = 5_000;
const everything = { fromSequence: 0, lastSequences: [] };

/** Until the tree has all that is archived, or `signal`. @throws Fault archive_unavailable, log_forked */
export async function catchUp(
  database: Database, signal: AbortSignal,
  tell: { readonly logger: Logger; readonly behind: (commits: number) => void },
): Promise<void> {
  let reportedAt = performance.now();
  let pages = 0;
  while (!signal.aborted) {
    const end = await extendFromArchive(database, (after) => readRetained(database, everything, after));
    if (end === null) break;
    pages += 1;
    if (performance.now() - reportedAt < reportEveryMs) continue;
    reportedAt = performance.now();
    tell.logger.info(await progress(database, end, tell.behind), 'the audit tree catches up');
  }
  tell.behind(0);
  if (pages === 0) return;
  const { sequence, size } = await readTreePosition(database);
  tell.logger.info({ sequence, size }, 'the audit tree has caught up with the archive');
}

async function progress(
  database: Database, { sequence, size }: TreePosition, behind: (commits: number) => void,
): Promise<object> {
  const [row] = await database.query<{ sequence: string }>('SELECT sequence FROM archive_position');
  const archived = Number(row?.sequence ?? 0);
  behind(Math.max(0, archived - sequence));
  return { sequence, size, archived };
}
