// `holdfast suspend` and `holdfast resume`: stops a customer, a team or a key with all that is below
// it, at once, and lets it go on.
import { type Command } from 'commander';
import { type AccessFlags, adminAccess } from '../shared/access';
import { callApiOk } from '../shared/api-client';
import { Failure } from '../shared/failure';
import { withAdminAccess, withExamples } from '../shared/flags';
import { terminal } from '../shared/terminal';

interface Flags extends AccessFlags {
  readonly reason?: string;
  readonly json?: boolean;
}

export function addSuspend(program: Command): void {
  const suspend = common(program.command('suspend')
    .description('stop a customer, a team or a key; who is stopped is told why'))
    .requiredOption('--reason <text>', 'why');
  withExamples(suspend, ['suspend team/search --reason "unpaid since March"']);
  suspend.action((what: string, flags: Flags) =>
    act(what, flags, { name: 'suspend', body: { reason: flags.reason }, done: 'is suspended' }));
  const resume = common(program.command('resume').description('let what was suspended go on'));
  withExamples(resume, ['resume team/search']);
  resume.action((what: string, flags: Flags) =>
    act(what, flags, { name: 'resume', body: {}, done: 'goes on' }));
}

function common(command: Command): Command {
  return withAdminAccess(command.argument('<what>', 'customer/<id>, team/<id> or key/<id>'));
}

async function act(
  what: string, flags: Flags,
  { name, body, done }: { readonly name: string; readonly body: object; readonly done: string },
): Promise<void> {
  const [, level, id = ''] = /^(customer|team|key)\/(.+)$/.exec(what) ?? [];
  if (level === undefined) {
    throw new Failure(`Say which: customer/<id>, team/<id> or key/<id>, not "${what}".`);
  }
  const { url, token } = await adminAccess(flags, process.env);
  const path = `/admin/v1/${level}s/${encodeURIComponent(id)}/${name}`;
  const answer = await callApiOk({ url, key: token }, { path, method: 'POST', body });
  terminal(flags.json).print(flags.json === true ? JSON.stringify(answer.body) : `${what} ${done}`);
}
