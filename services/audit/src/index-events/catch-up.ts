// Brings the events index and the spend to the end of an archive that was there before them. In pages
// of bounded size, each a transaction; the archiver goes on meanwhile, and takes over where they meet.
import { StoredCommit } from '@libs/log/stored-commit';
import { type Database } from '@libs/postgres/database';
import {
  type DerivedPage, indexBehind, indexFromArchive, type IndexPosition, readIndexPosition,
} from '@libs/postgres/index-store';
import { readRetained } from '@libs/postgres/restore-reads';
import { type Logger } from '@libs/telemetry/logger';
import { setBrokenAside } from '../shared/broken-commits';
import { eventRows } from '../shared/event-rows';
import { jobsNeeded, project } from '../shared/projector';
import { StatesBefore } from './states-before';

/** Often enough to see that it moves. */
const reportEveryMs = 5_000;
const everything = { fromSequence: 0, lastSequences: [] };

export interface CatchUpTell {
  readonly logger: Logger;
  readonly behind: (commits: number) => void;
  /** After each page: what is full by now may be given its indexes. */
  readonly onPage: () => Promise<void>;
}

/** Until the index has all that is archived, or `signal`. @throws Fault archive_unavailable */
export async function catchUp(
  database: Database, signal: AbortSignal, tell: CatchUpTell,
): Promise<void> {
  const states = new StatesBefore(database);
  let reportedAt = performance.now();
  let pages = 0;
  while (!signal.aborted) {
    const end = await indexFromArchive(database, (after) => derive(database, states, after));
    if (end === null) break;
    pages += 1;
    await tell.onPage();
    if (performance.now() - reportedAt < reportEveryMs) continue;
    reportedAt = performance.now();
    tell.logger.info(await progress(database, end, tell.behind), 'the events index catches up');
  }
  if (signal.aborted) return;
  tell.behind(0);
  if (pages === 0) return;
  const { sequence, size } = await readIndexPosition(database);
  tell.logger.info({ sequence, size }, 'the events index has caught up with the archive');
}

async function derive(
  database: Database, states: StatesBefore, after: number,
): Promise<DerivedPage | null> {
  const page = await readRetained(database, everything, after);
  const { taken, readable, broken } = setBrokenAside(page.map((commit) => new StoredCommit(commit)));
  const [first, last] = [taken.at(0), taken.at(-1)];
  if (first === undefined || last === undefined) return null;
  const known = await states.at(first.sequence, jobsNeeded(readable));
  const projection = project(readable, known);
  states.keep(projection.states);
  const unreadable = new Set(broken.map(({ commit: { sequence } }) => sequence));
  return {
    last: { sequence: last.sequence, msgId: last.msgId },
    derived: {
      ...eventRows(taken, unreadable, (id) => projection.states.get(id) ?? known.get(id)),
      spend: projection.spend,
    },
  };
}

async function progress(
  database: Database, { sequence, size }: IndexPosition, behind: (commits: number) => void,
): Promise<object> {
  const left = await indexBehind(database);
  behind(left);
  return { sequence, size, behind: left };
}
