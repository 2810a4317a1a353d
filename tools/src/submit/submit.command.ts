// `holdfast submit`: leaves a request behind as a job, and waits for it when asked to.
import { readFile } from 'node:fs/promises';
import { text as readAll } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Command } from 'commander';
import { apiAccess, type Access, type AccessFlags } from '../shared/access';
import { callApi, callApiOk, okBody } from '../shared/api-client';
import { Failure } from '../shared/failure';
import { withAccess, withExamples } from '../shared/flags';
import { terminal } from '../shared/terminal';
import { jobRequest, type SubmitFlags } from './job-request';

interface Flags extends AccessFlags, SubmitFlags {
  readonly body?: string;
  readonly wait?: string;
  readonly json?: boolean;
}

export function addSubmit(program: Command): void {
  const command = program.command('submit')
    .description('submit a job')
    .argument('[message]', 'what to ask; or give a whole body with --body')
    .option('--model <name>', 'route, provider/model or model')
    .option('--body <file>', 'JSON body of the request; - reads standard input')
    .option('--endpoint <path>', 'endpoint of the body', '/v1/chat/completions')
    .option('--priority <class>', 'interactive, normal or batch')
    .option('--deadline <seconds>', 'until the job expires')
    .option('--webhook <id or url>', 'where the result is sent')
    .option('--metadata <name=value...>', 'for filters and reports')
    .option('--wait <seconds>', 'wait for the result this long');
  withExamples(withAccess(command), [
    'submit "Say hello." --model sim-small --wait 30',
    'submit --body request.json --priority batch --metadata run=42',
  ]);
  command.action(async (message: string | undefined, flags: Flags) => submit(message, flags));
}

async function submit(message: string | undefined, flags: Flags): Promise<void> {
  const access = await apiAccess(flags, process.env);
  const body = flags.body === undefined ? null : parseBody(await bodyText(flags.body));
  const request = jobRequest(message, body, flags);
  const job = (await callApiOk(access, { path: '/v1/jobs', method: 'POST', body: request })).body;
  const { id, status } = job as { id: string; status: string };
  const out = terminal(flags.json);
  if (flags.wait === undefined) {
    out.print(flags.json === true ? JSON.stringify(job) : `${id}  ${status}`); return;
  }
  const settled = await waitFor(access, id, Number(flags.wait));
  if (settled.status === 'succeeded') {
    const { body: result } = await callApiOk(access, { path: `/v1/jobs/${id}/result` });
    out.print(JSON.stringify(result, null, flags.json === true ? 0 : 2)); return;
  }
  out.print(flags.json === true ? JSON.stringify(settled) : `${id}  ${settled.status}`);
  process.exitCode = 1;
}

async function waitFor(access: Access, id: string, forS: number): Promise<{ status: string }> {
  const until = performance.now() + forS * 1_000;
  for (;;) {
    const leftS = Math.max(0, Math.ceil((until - performance.now()) / 1_000));
    const call = { path: `/v1/jobs/${id}?wait=${Math.min(leftS, 30)}` };
    const answer = await callApi(access, call);
    // The job is safe in the log; whoever knows its state is only away for a moment.
    if (answer.status === 503 && leftS > 0) {
      await sleep(1_000);
      continue;
    }
    const job = okBody(answer) as { status: string };
    const running = ['queued', 'running', 'deferred'].includes(job.status);
    if (!running || leftS === 0) return job;
  }
}

async function bodyText(file: string): Promise<string> {
  return file === '-' ? await readAll(process.stdin) : await readFile(file, 'utf8');
}

function parseBody(text: string): Record<string, unknown> {
  try {
    return JSON.parse(text) as Record<string, unknown>;
  } catch (error) {
    throw new Failure(`The body is not JSON: ${(error as Error).message}`);
  }
}
