// `holdfast tail`: shows the events of the log as they are appended.
import { type Command } from 'commander';
import { type AnyEvent } from '@libs/events/envelope';
import { allSubjects } from '@libs/events/subjects';
import { isFault } from '@libs/faults/faults';
import { type Commit, type EventLog, type Position } from '@libs/log/log';
import { type AccessFlags } from '../shared/access';
import { describeEvent } from '../shared/describe-event';
import { withAccess, withExamples } from '../shared/flags';
import { openLog } from '../shared/open-log';
import { type Terminal, terminal } from '../shared/terminal';

interface Flags extends AccessFlags {
  readonly job?: string;
  readonly type?: string[];
  readonly fromStart?: boolean;
  readonly follow: boolean;
  readonly json?: boolean;
}

export function addTail(program: Command): void {
  const command = program.command('tail')
    .description('show the events of the log as they come')
    .option('--job <id>', 'only this job')
    .option('--type <name...>', 'only these event types')
    .option('--from-start', 'from the start of the log, not from now on')
    .option('--no-follow', 'end when the end of the log is reached');
  withExamples(withAccess(command), [
    'tail', 'tail --job job_0190… --from-start', 'tail --type JobRouted --json',
  ]);
  command.action(async (flags: Flags) => tail(flags));
}

async function tail(flags: Flags): Promise<void> {
  const connection = await openLog(flags);
  const out = terminal(flags.json);
  const show = (event: AnyEvent, sequence: number): void => {
    if (!isWanted(event, flags)) return;
    out.print(flags.json === true
      ? JSON.stringify({ sequence, ...event })
      : `${String(sequence).padStart(8)}  ${describeEvent(event)}`);
  };
  const after = flags.fromStart === true ? null : await endOf(connection.log);
  const stopped = new Promise<void>((resolve, reject) => {
    process.once('SIGINT', () => resolve());
    process.once('SIGTERM', () => resolve());
    connection.log.follow({
      subjects: [allSubjects], after,
      onCommit: (commit) => {
        for (const event of eventsOf(commit, out)) show(event, commit.sequence);
      },
      onStopped: reject,
    }).then(async (following) => {
      if (flags.follow) return;
      await following.caughtUp();
      resolve();
    }, reject);
  });
  await stopped;
  await connection.close();
}

/** Of a commit that is broken it only says so. */
function eventsOf(commit: Commit, out: Terminal): readonly AnyEvent[] {
  try {
    return commit.events;
  } catch (error) {
    if (!isFault(error, 'commit_broken')) throw error;
    out.progress(error.message);
    return [];
  }
}

/** An event stands alone or belongs to a job by its subject. */
function isWanted(event: AnyEvent, { job, type }: Flags): boolean {
  return (job === undefined || event.subject === job)
    && (type === undefined || type.includes(event.type));
}

/** Null when the log is empty or its last commit is already trimmed. */
async function endOf(log: EventLog): Promise<Position | null> {
  const { lastSequence } = await log.state();
  if (lastSequence === 0) return null;
  const last = await log.readAt(lastSequence);
  return last === null ? null : { sequence: last.sequence, msgId: last.msgId };
}
