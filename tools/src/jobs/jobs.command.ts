// `holdfast jobs`: lists jobs, shows one, its timeline or its result, cancels it.
import { type Command } from 'commander';
import { apiAccess, type Access, type AccessFlags } from '../shared/access';
import { callApiOk, type ApiCall } from '../shared/api-client';
import { withAccess, withExamples } from '../shared/flags';
import { table } from '../shared/table';
import { terminal } from '../shared/terminal';
import { listPath, type ListFlags } from './list-path';
import { type TimelineEntry, timelineText } from './show-timeline';

interface Flags extends AccessFlags, ListFlags {
  readonly events?: boolean;
  readonly result?: boolean;
  readonly cancel?: boolean;
  readonly redrive?: boolean;
  readonly json?: boolean;
}

export function addJobs(program: Command): void {
  const command = program.command('jobs')
    .description('list jobs, or look at one')
    .argument('[id]', 'one job')
    .option('--status <status>', 'queued, running, deferred, succeeded, failed, canceled, expired')
    .option('--model <name>', 'model that was asked for')
    .option('--metadata <name=value...>', 'only jobs with this metadata')
    .option('--limit <n>', 'how many', '20')
    .option('--after <id>', 'those after this one')
    .option('--events', 'timeline of the job, with every decision and its reasons')
    .option('--result', 'its answer')
    .option('--cancel', 'cancel it')
    .option('--redrive', 'run it again from the dead letters');
  withExamples(withAccess(command), [
    'jobs --status failed', 'jobs job_0190… --events', 'jobs job_0190… --cancel',
  ]);
  command.action(async (id: string | undefined, flags: Flags) => {
    const access = await apiAccess(flags, process.env);
    await (id === undefined ? list(access, flags) : one(access, id, flags));
  });
}

interface Job {
  readonly id: string;
  readonly status: string;
  readonly model: string;
  readonly provider: string | null;
  readonly created_at: number;
  readonly cost_usd: string | null;
}

async function list(access: Access, flags: Flags): Promise<void> {
  const { body } = await callApiOk(access, { path: listPath(flags) });
  const out = terminal(flags.json);
  if (flags.json === true) { out.print(JSON.stringify(body)); return; }
  const jobs = (body as { data?: Job[] }).data ?? [];
  if (jobs.length === 0) { out.print('no jobs'); return; }
  out.print(table([
    ['id', 'status', 'model', 'provider', 'created', 'cost (USD)'],
    ...jobs.map((job) => [
      job.id, job.status, job.model, job.provider ?? '-',
      new Date(job.created_at * 1_000).toISOString(), job.cost_usd ?? 'unknown',
    ]),
  ]));
}

async function one(access: Access, id: string, flags: Flags): Promise<void> {
  const { body } = await callApiOk(access, callFor(encodeURIComponent(id), flags));
  const out = terminal(flags.json);
  if (flags.events === true && flags.json !== true) {
    out.print(timelineText((body as { data: TimelineEntry[] }).data));
    return;
  }
  out.print(JSON.stringify(body, null, flags.json === true ? 0 : 2));
}

function callFor(id: string, flags: Flags): ApiCall {
  if (flags.cancel === true) return { path: `/v1/jobs/${id}/cancel`, method: 'POST' };
  if (flags.redrive === true) return { path: `/v1/jobs/${id}/redrive`, method: 'POST' };
  if (flags.events === true) return { path: `/v1/jobs/${id}/events` };
  if (flags.result === true) return { path: `/v1/jobs/${id}/result` };
  return { path: `/v1/jobs/${id}` };
}
