// Drops the read models and makes them again from the archived log, then says whether the result is
// the same. Readers see the old tables until the new ones are complete.
import { Fault } from '@libs/faults/faults';
import { type JobState } from '@libs/jobs/state';
import { StoredCommit } from '@libs/log/stored-commit';
import { indexBehind } from '@libs/postgres/index-store';
import { loadStates, readCommits } from '@libs/postgres/archive-store';
import { type Database } from '@libs/postgres/database';
import { writeReadModels } from '@libs/postgres/read-model-rows';
import {
  compareTables, makeRebuiltTables, rebuiltTables, swapTables,
} from '@libs/postgres/rebuild-tables';
import { writeSpend } from '@libs/postgres/spend-rows';
import { setBrokenAside } from '../shared/broken-commits';
import { project, projectTwice } from '../shared/projector';
import { type RebuildProgress } from '../shared/rebuild-progress';

/** As many commits a step as one transaction takes in well under a second. */
const stepCommits = 1_000;

/**
 * Rebuilds up to the archived position. The caller keeps the archiver paused meanwhile.
 * @throws Fault archive_unavailable, log_unreadable
 */
export async function rebuild(
  database: Database, report: (progress: RebuildProgress) => void, nowMs: () => number,
): Promise<RebuildProgress> {
  const startedMs = nowMs();
  // What it has yet to take would be added to the rebuilt spend, which has it already.
  if (await indexBehind(database) > 0) {
    throw new Fault('archive_unavailable', 'the events index has yet to catch up with the archive');
  }
  const [total] = await database.query<{ count: string }>('SELECT count(*) AS count FROM commits');
  const totalCommits = Number(total?.count ?? 0);
  const progress = (done: number): RebuildProgress => ({
    phase: 'running', done_commits: done, total_commits: totalCommits, identical: null,
    differences: [], seconds: (nowMs() - startedMs) / 1_000,
  });
  await makeRebuiltTables(database);
  let done = 0;
  let after = 0;
  for (;;) {
    const last = await step(database, after);
    if (last === null) break;
    done += last.count;
    after = last.sequence;
    report(progress(done));
  }
  const differences = await compareTables(database);
  await swapTables(database);
  return { ...progress(done), phase: 'done', identical: differences.length === 0, differences };
}

async function step(
  database: Database, after: number,
): Promise<{ sequence: number; count: number } | null> {
  const archived = await readCommits(database, after, stepCommits);
  const { taken, readable: commits } = setBrokenAside(
    archived.map((commit) => new StoredCommit(commit)),
  );
  const last = taken.at(-1);
  if (last === undefined) return null;
  const write = async (needed: ReadonlySet<string>): Promise<void> => {
    const texts = await loadStates(database, [...needed], rebuiltTables);
    const known = new Map([...texts].map(([id, text]) => [id, JSON.parse(text) as JobState]));
    const { rows, spend } = project(commits, known);
    await database.transaction(async (client) => {
      await writeReadModels(client, rebuiltTables, rows);
      await writeSpend(client, rebuiltTables, spend);
    });
  };
  await projectTwice(commits, write);
  return { sequence: last.sequence, count: taken.length };
}
