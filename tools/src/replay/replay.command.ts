// `holdfast replay`: makes again from events what is shown elsewhere: one job, a moment of the past,
// decisions, or all read models.
import { type Command } from 'commander';
import { describeEvent } from '../shared/describe-event';
import { Failure } from '../shared/failure';
import { withAdminAccess, withExamples } from '../shared/flags';
import { openLog } from '../shared/open-log';
import { terminal } from '../shared/terminal';
import { rangeOf } from './range';
import { commitReader } from './read-commits';
import { type DecisionsReplayed, replayDecisions } from './replay-decisions';
import { rebuildReadModels } from './rebuild';
import { replayJob } from './replay-job';
import { showDiff, showState, type StateFlags } from './replay-state';
import { projectionNames } from './ask-state';

interface Flags extends StateFlags {
  readonly job?: string;
  readonly until?: string;
  readonly decisions?: boolean;
  readonly from?: string;
  readonly to?: string;
  readonly rebuild?: boolean;
  readonly at?: string;
  readonly diff?: readonly string[];
}

export function addReplay(program: Command): void {
  const command = program.command('replay')
    .description('make state again from the events')
    .option('--job <id>', 'timeline and state of one job, from the log alone')
    .option('--until <sequence>', 'the state it had at this place of the log')
    .option('--decisions', 'make every routing decision again and tell which come out differently')
    .option('--from <place>', 'decisions from this sequence or time on (2026-11-26T10:00Z)')
    .option('--to <place>', 'decisions up to this sequence or time')
    .option('--at <moment>', 'what the system was after this sequence, or at this time')
    .option('--diff <moments...>', 'what changed between two moments')
    .option('--projection <name>', `of these: ${projectionNames.join(', ')}`)
    .option('--tenant <id>', 'of one customer (budgets, keys, jobs)')
    .option('--subject <name>', 'one of them: a job, a key, a provider, a model, key/<id> of a budget')
    .option('--from-beginning', 'fold every event, and take no snapshot on trust')
    .option('--rebuild', 'drop all read models and make them again from the archive');
  withExamples(withAdminAccess(command), [
    'replay --job job_0190…', 'replay --job job_0190… --until 1200 --json', 'replay --decisions',
    'replay --decisions --from 2026-11-26T10:00Z', 'replay --rebuild',
    'replay --at 2026-11-25T12:00:00Z --projection budgets', 'replay --at 1200 --projection jobs --tenant acme',
    'replay --diff 2026-11-25T00:00:00Z 2026-11-26T00:00:00Z --projection budgets',
  ]);
  command.action(async (flags: Flags) => {
    if (flags.decisions === true) return decisions(flags);
    if (flags.rebuild === true) return rebuild(flags);
    if (flags.job !== undefined) return job(flags.job, flags);
    if (flags.at !== undefined) return showState(flags.at, flags);
    if (flags.diff !== undefined) return showDiff(flags.diff, flags);
    throw new Failure('Say what to replay: --job ID, --at MOMENT, --diff MOMENT MOMENT, --decisions, or --rebuild.');
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

async function decisions(flags: Flags): Promise<void> {
  const isWithin = rangeOf(flags);
  const connection = await openLog(flags);
  const out = terminal(flags.json);
  try {
    const read = await commitReader(connection.log, process.env['DATABASE_URL']);
    const done = await replayDecisions(read, connection.partitionCount, isWithin,
      (made, total) => out.progress(`${made} of ${total} decisions`));
    out.print(flags.json === true ? JSON.stringify(done) : described(done));
    if (done.different > 0) process.exitCode = 1;
  } finally {
    await connection.close();
  }
}

function described(done: DecisionsReplayed): string {
  const { decisions: count, routed, deferred, raised, different, commits, seconds } = done;
  const head = `${count} decisions made again (${routed} routed, ${deferred} deferred, ${raised} alerts) from ${commits} commits in ${
    seconds} s: ${different === 0 ? 'every one the same.' : `${different} DIFFERENT:`}`;
  const lines = done.differences.map(({ job: id, sequence, type, fields }) =>
    `  ${String(sequence).padStart(8)}  ${type} ${id}\n${fields.map((field) => `            ${field}`).join('\n')}`);
  return [head, ...lines].join('\n');
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
