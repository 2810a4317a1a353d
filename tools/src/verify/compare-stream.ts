// Holds the archive against the log for what is in both. The log is trimmed from its beginning; what
// of it the archive has not taken yet is no difference.
import { type Commit, type EventLog } from '@libs/log/log';
import { type Database } from '@libs/postgres/database';
import { allSubjects } from '@libs/events/subjects';
import { type Problem, problem } from './problem';

export interface StreamCompared {
  readonly compared: number;
  readonly problems: readonly Problem[];
}

const batchBytesMax = 8 * 1024 * 1024;
const batchCommitsMax = 1_000;
const problemsMax = 20;

export async function compareStream(log: EventLog, database: Database): Promise<StreamCompared> {
  const [row] = await database.query<{ sequence: string }>('SELECT sequence FROM archive_position');
  const archivedUpTo = Number(row?.sequence ?? 0);
  const problems: Problem[] = [];
  let compared = 0;
  let batch: Commit[] = [];
  let bytes = 0;
  const flush = async (): Promise<void> => {
    const commits = batch;
    batch = [];
    bytes = 0;
    compared += commits.length;
    const found = await compareBatch(database, commits);
    problems.push(...found.slice(0, problemsMax - problems.length));
  };
  await new Promise<void>((resolve, reject) => {
    log.follow({
      subjects: [allSubjects],
      after: null,
      onCommit: (commit) => {
        if (commit.sequence > archivedUpTo) return;
        batch.push(commit);
        bytes += commit.bytes.length;
        if (bytes >= batchBytesMax || batch.length >= batchCommitsMax) return flush();
      },
      onStopped: reject,
    }).then(async (following) => {
      await following.caughtUp();
      await following.stop();
      await flush();
      resolve();
    }).catch(reject);
  });
  return { compared, problems };
}

async function compareBatch(database: Database, commits: readonly Commit[]): Promise<Problem[]> {
  const rows = await database.query<{
    sequence: string; subject: string; msg_id: string; appended_at: Date; bytes: Buffer;
  }>(
    'SELECT sequence, subject, msg_id, appended_at, bytes FROM commits WHERE sequence = ANY($1)',
    [commits.map(({ sequence }) => sequence)],
  );
  const archived = new Map(rows.map((row) => [Number(row.sequence), row]));
  return commits.flatMap((commit) => {
    const row = archived.get(commit.sequence);
    if (row === undefined) return [problem('stream', `commit ${commit.sequence} is in the log and not in the archive`)];
    const fields = [
      ...(row.bytes.equals(commit.bytes) ? [] : ['bytes']),
      ...(row.subject === commit.subject ? [] : ['subject']),
      ...(row.msg_id === commit.msgId ? [] : ['message id']),
      ...(row.appended_at.getTime() === Math.floor(commit.appendedAtMs) ? [] : ['time']),
    ];
    return fields.length === 0 ? [] : [problem('stream',
      `commit ${commit.sequence}: ${fields.join(', ')} in the archive not as in the log`)];
  });
}
