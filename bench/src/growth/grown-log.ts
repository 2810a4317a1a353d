// A data directory whose log was filled, and how far its making is: kept beside it, so that a run
// that was stopped can be carried on.
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { at } from '../root';
import { type FilledLog } from './fill-log';

interface Progress {
  /** Null: not filled yet. */
  readonly filled: FilledLog | null;
  readonly firstStartS: number | null;
  readonly archivedAll: boolean;
  /** Of the log. */
  readonly archivedShare: number;
  /** Time spent archiving so far. */
  readonly archivingS: number;
}

export interface GrownLog extends Progress {
  readonly events: number;
  readonly dataDir: string;
  /** Keeps what has become true. */
  note(now: Partial<Progress>): Promise<void>;
}

const nothingYet: Progress = {
  filled: null, firstStartS: null, archivedAll: false, archivedShare: 0, archivingS: 0,
};

/** @param resume carry on with what an earlier run left; else that is thrown away. */
export async function openGrownLog(events: number, resume: boolean): Promise<GrownLog> {
  const dataDir = at('.holdfast/bench', `growth-${events}`);
  const file = path.join(dataDir, 'progress.json');
  const progress = resume ? await readProgress(file) : nothingYet;
  if (progress.filled === null) await rm(dataDir, { recursive: true, force: true });
  await mkdir(dataDir, { recursive: true, mode: 0o700 });
  const log = {
    ...progress, events, dataDir,
    note: async (now: Partial<Progress>): Promise<void> => {
      Object.assign(log, now);
      const { filled, firstStartS, archivedAll, archivedShare, archivingS } = log;
      await writeFile(file, JSON.stringify({
        filled, firstStartS, archivedAll, archivedShare, archivingS,
      } satisfies Progress));
    },
  };
  return log;
}

async function readProgress(file: string): Promise<Progress> {
  const text = await readFile(file, 'utf8').catch(() => null);
  return text === null ? nothingYet : { ...nothingYet, ...JSON.parse(text) as Progress };
}
