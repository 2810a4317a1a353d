// `holdfast replay`: makes again from events what is shown elsewhere: one job, or all read models.
import { type Command } from 'commander';
import { type AccessFlags } from '../shared/access';
import { describeEvent } from '../shared/describe-event';
import { Failure } from '../shared/failure';
import { withAccess, withExamples } from '../shared/flags';
import { openLog } from '../shared/open-log';
import { terminal } from '../shared/terminal';
import { rebuildReadModels } from './rebuild';
import { replayJob } from './replay-job';

interface Flags extends AccessFlags {
  readonly job?: string;
  readonly until?: string;
  readonly rebuild?: boolean;
  readonly json?: boolean;
}

export function addReplay(program: Command): void {
  const command = program.command('replay')
    .description('make state again from the events')
    .option('--job <id>', 'timeline and state of one job, from the log alone')
    .option('--until <sequence>', 'the state it had at this place of the log')
    .option('--rebuild', 'drop all read models and make them again from the archive');
  withExamples(withAccess(command), [
    'replay --job job_0190…', 'replay --job job_0190… --until 1200 --json', 'replay --rebuild',
  ]);
  command.action(async (flags: Flags) => {
    if (flags.rebuild === true) return rebuild(flags);
    if (flags.job !== undefined) return job(flags.job, flags);
    throw new Failure('Say what to replay: --job ID, or --rebuild.');
  });
}

async function job(id: string, flags: Flags): Promise<void> {
  const connection = await openLog(flags);
  try {
    const until = flags.until === undefined ? null : Number(flags.until);
    const { events, view } = await replayJob(connection.log, id, until);
    if (view === null) throw new Failure(`The log knows no job ${id}.`);
    const out = terminal(flags.json);
    if (flags.json === true) { out.print(JSON.stringify({ job: view, events })); return; }
    for (const { sequence, line, event } of events) {
      out.print(`${String(sequence).padStart(8)}:${line}  ${describeEvent(event)}`);
    }
    out.print(`\n${JSON.stringify(view, null, 2)}`);
  } finally {
    await connection.close();
  }
}

async function rebuild(flags: Flags): Promise<void> {
  const connection = await openLog(flags);
  const out = terminal(flags.json);
  try {
    const done = await rebuildReadModels(connection.signals, ({ done_commits, total_commits }) =>
      out.progress(`${done_commits} of ${total_commits} commits`));
    if (flags.json === true) { out.print(JSON.stringify(done)); return; }
    out.print(`Rebuilt from ${done.total_commits} commits in ${done.seconds.toFixed(1)} s; ${
      done.identical === true ? 'identical to what was there' : 'DIFFERENT from what was there:'}`);
    for (const difference of done.differences) out.print(`  ${difference}`);
    if (done.identical !== true) process.exitCode = 1;
  } finally {
    await connection.close();
  }
}
