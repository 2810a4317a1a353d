// Every commit that routers fold, from the first on: what was trimmed from the log is in the archive.
import { type ArchivedCommit } from '@libs/postgres/archive-store';
import { openDatabase } from '@libs/postgres/database';
import { readRetained } from '@libs/postgres/restore-reads';
import { type Commit, type EventLog } from '@libs/log/log';
import { StoredCommit } from '@libs/log/stored-commit';
import { subjectFilter } from '@libs/log/subject-match';
import { foldedSubjects } from '@libs/routing/world';
import { Failure } from '../shared/failure';

export type OnCommit = (commit: Commit) => void;

/** Two reads see the same: both end where the log ends now. @throws Failure, or Fault. */
export async function commitReader(
  log: EventLog, databaseUrl: string | undefined,
): Promise<(onCommit: OnCommit) => Promise<void>> {
  const { lastSequence } = await log.state();
  if (await isTrimmed(log) && databaseUrl === undefined) {
    throw new Failure('The log was trimmed: what came before is in the archive. Give it with '
      + 'DATABASE_URL, since decisions depend on everything before them.');
  }
  return async (onCommit) => {
    const archived = databaseUrl === undefined ? 0 : await readArchive(databaseUrl, onCommit);
    await readLog(log, { after: archived, upTo: lastSequence }, onCommit);
  };
}

/** Trimming leaves gaps behind, and governance in front of them. */
async function isTrimmed(log: EventLog): Promise<boolean> {
  const { firstSequence, lastSequence, messages } = await log.state();
  return messages < lastSequence - firstSequence + 1 || firstSequence > 1;
}

/**
 * Everything that is archived; the sequence it ends at. Trimming leaves governance and last commits
 * behind, so the log's first sequence says little of where its gaps end.
 */
async function readArchive(url: string, onCommit: OnCommit): Promise<number> {
  const database = openDatabase({
    url, connectionsMax: 1, statementTimeoutMs: 0,
    onError: (error) => process.stderr.write(`postgres: ${error.message}\n`),
  });
  const isFolded = subjectFilter(foldedSubjects);
  const everything = { fromSequence: 0, lastSequences: [] };
  let last: ArchivedCommit | null = null;
  try {
    for (;;) {
      const page = await readRetained(database, everything, last?.sequence ?? 0);
      for (const commit of page) {
        if (isFolded(commit.subject)) onCommit(new StoredCommit(commit));
        last = commit;
      }
      if (page.length === 0) return last?.sequence ?? 0;
    }
  } finally {
    await database.close();
  }
}

async function readLog(
  log: EventLog, range: { readonly after: number; readonly upTo: number }, onCommit: OnCommit,
): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    log.follow({
      subjects: foldedSubjects,
      after: null,
      onCommit: (commit) => {
        if (commit.sequence > range.after && commit.sequence <= range.upTo) onCommit(commit);
      },
      onStopped: reject,
    }).then(async (following) => {
      await following.caughtUp();
      await following.stop();
      resolve();
    }).catch(reject);
  });
}
