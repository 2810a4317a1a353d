// `holdfast keys`: lists virtual keys, makes, shows, rotates, extends, stops and revokes them.
import { type Command } from 'commander';
import { type AccessFlags, adminAccess } from '../shared/access';
import { type ApiCall, callApiOk } from '../shared/api-client';
import { withAdminAccess, withExamples } from '../shared/flags';
import { secondsOf } from '../shared/seconds-of';
import { terminal } from '../shared/terminal';
import { type CreateFlags, keyBody } from './key-body';
import { keysTable, keyText, type KeyLine } from './key-text';

interface Flags extends AccessFlags {
  readonly json?: boolean;
}

export function addKeys(program: Command): void {
  const command = program.command('keys').description('virtual keys: who may ask, and for what');
  withExamples(command, [
    'keys list', 'keys create --team search --models "gpt-4o*,chat" --expires 2030-01-31',
    'keys rotate search-prod --overlap 24h', 'keys suspend search-prod --reason "leaked"',
  ]);
  sub(command, 'list', 'all of them, with state and last use').action(list);
  sub(command, 'show', 'one of them', 'id').action(show);
  addCreate(command);
  sub(command, 'rotate', 'give it a new value, shown once; the old one works for a while', 'id')
    .option('--overlap <time>', 'how long the old value works: 90s, 30m, 24h, 7d', '24h')
    .action((id: string, flags: Flags & { overlap: string }) =>
      changed(flags, id, { act: 'rotate', body: { overlap_s: secondsOf(flags.overlap) } }));
  sub(command, 'extend', 'let it expire at another time', 'id')
    .requiredOption('--until <date>', 'a date, e.g. 2030-01-31, or "never"')
    .action((id: string, flags: Flags & { until: string }) => changed(flags, id, {
      body: { expires_at: flags.until === 'never' ? null : flags.until },
    }));
  sub(command, 'suspend', 'stop it; who uses it is told why', 'id')
    .requiredOption('--reason <text>', 'why')
    .action((id: string, flags: Flags & { reason: string }) =>
      changed(flags, id, { act: 'suspend', body: { reason: flags.reason } }));
  sub(command, 'resume', 'let it go on', 'id')
    .action((id: string, flags: Flags) => changed(flags, id, { act: 'resume', body: {} }));
  sub(command, 'revoke', 'end it for good', 'id').action(revoke);
}

function addCreate(command: Command): void {
  sub(command, 'create', 'make one; its value is shown once')
    .option('--id <id>', 'its name in the API; else one is made')
    .option('--customer <id>', 'whose it is')
    .option('--team <id>', 'which team has it')
    .option('--name <text>', 'for people')
    .option('--models <globs>', 'models it may use, separated by commas')
    .option('--denied-models <globs>', 'models it may not use')
    .option('--providers <globs>', 'providers it may use')
    .option('--denied-providers <globs>', 'providers it may not use')
    .option('--max-tokens <n>', 'most tokens of an answer')
    .option('--clamp', 'bring a request into its bounds instead of refusing it')
    .option('--expires <date>', 'when it ends, e.g. 2030-01-31')
    .option('--metadata <name=value...>', 'whatever helps to tell it from others')
    .action(async (flags: Flags & CreateFlags) => {
      await printKey(flags, { path: '/admin/v1/keys', method: 'POST', body: keyBody(flags) });
    });
}

function sub(command: Command, name: string, what: string, argument?: string): Command {
  const made = command.command(name).description(what);
  if (argument !== undefined) made.argument(`<${argument}>`);
  return withAdminAccess(made);
}

async function list(flags: Flags): Promise<void> {
  const { data } = await ask(flags, { path: '/admin/v1/keys' }) as { readonly data: KeyLine[] };
  terminal(flags.json).print(flags.json === true ? JSON.stringify(data) : keysTable(data));
}

async function show(id: string, flags: Flags): Promise<void> {
  await printKey(flags, { path: pathOf(id) });
}

async function revoke(id: string, flags: Flags): Promise<void> {
  const body = await ask(flags, { path: pathOf(id), method: 'DELETE' });
  terminal(flags.json).print(flags.json === true ? JSON.stringify(body) : `key ${id} is revoked`);
}

async function changed(
  flags: Flags, id: string, { act, body }: { readonly act?: string; readonly body: object },
): Promise<void> {
  await printKey(flags, act === undefined
    ? { path: pathOf(id), method: 'PATCH', body }
    : { path: `${pathOf(id)}/${act}`, method: 'POST', body });
}

async function printKey(flags: Flags, call: ApiCall): Promise<void> {
  const key = await ask(flags, call) as KeyLine;
  terminal(flags.json).print(flags.json === true ? JSON.stringify(key) : keyText(key));
}

async function ask(flags: Flags, call: ApiCall): Promise<unknown> {
  const { url, token } = await adminAccess(flags, process.env);
  return (await callApiOk({ url, key: token }, call)).body;
}

function pathOf(id: string): string {
  return `/admin/v1/keys/${encodeURIComponent(id)}`;
}
