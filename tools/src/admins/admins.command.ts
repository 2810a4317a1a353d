// `holdfast admins`: who may administer: list, create, rotate, revoke, and who I am.
import { type Command } from 'commander';
import { adminRole, type AdminRole } from '@libs/events/access-events';
import { type AccessFlags, adminAccess } from '../shared/access';
import { type ApiCall, callApiOk } from '../shared/api-client';
import { Failure } from '../shared/failure';
import { withAdminAccess, withExamples } from '../shared/flags';
import { secondsOf } from '../shared/seconds-of';
import { table } from '../shared/table';
import { terminal } from '../shared/terminal';

interface Flags extends AccessFlags {
  readonly json?: boolean;
  readonly role?: string;
  readonly name?: string;
  readonly expires?: string;
  readonly overlap?: string;
}

interface Shown {
  readonly id: string;
  readonly role: AdminRole;
  readonly name: string | null;
  readonly hint: string;
  readonly origin: string;
  readonly revoked: boolean;
  readonly expires_at: number | null;
  readonly token?: string;
}

const base = '/admin/v1/administrators';

export function addAdmins(program: Command): void {
  const admins = program.command('admins').description('who may administer, and with which role');
  withExamples(admins, [
    'admins list', 'admins create ann --role operator --expires 2027-01-31',
    'admins rotate ann --overlap 1h', 'admins revoke ann',
    'admins whoami --token file:/home/ann/holdfast-token',
  ]);
  withAdminAccess(admins.command('list').description('every administrator; never a token'))
    .action(list);
  withAdminAccess(admins.command('create').description('name an administrator; prints the token')
    .argument('<id>')
    .requiredOption('--role <role>', adminRole.options.join(', '))
    .option('--name <name>', 'for people')
    .option('--expires <date>', 'when the token ends, e.g. 2027-01-31'))
    .action(create);
  withAdminAccess(admins.command('rotate').description('a new token; the former one ends')
    .argument('<id>')
    .option('--overlap <time>', 'how long the former token is still taken: 90s, 30m, 24h, 7d', '0')
    .option('--expires <date>', 'when the new token ends'))
    .action(rotate);
  withAdminAccess(admins.command('revoke').description('end an administrator and the token')
    .argument('<id>'))
    .action(revoke);
  withAdminAccess(admins.command('whoami').description('whom the log would name')).action(whoami);
}

async function list(flags: Flags): Promise<void> {
  const { data } = await ask(flags, { path: base }) as { readonly data: readonly Shown[] };
  const out = terminal(flags.json);
  if (flags.json === true) { out.print(JSON.stringify(data)); return; }
  const rows = data.map((one) => [
    one.id, one.role, one.revoked ? 'revoked' : until(one.expires_at), one.hint, one.origin,
    one.name ?? '',
  ]);
  out.print(table([['id', 'role', 'good', 'token', 'from', 'name'], ...rows]));
  out.progress('HOLDFAST_ADMIN_TOKEN is an owner besides these, and cannot be revoked here.');
}

async function create(id: string, flags: Flags): Promise<void> {
  const body = {
    id, role: flags.role, ...(flags.name === undefined ? {} : { name: flags.name }),
    ...expiry(flags),
  };
  showToken(await ask(flags, { path: base, method: 'POST', body }) as Shown, flags);
}

async function rotate(id: string, flags: Flags): Promise<void> {
  const body = { overlap_s: secondsOf(flags.overlap ?? '0'), ...expiry(flags) };
  const path = `${base}/${encodeURIComponent(id)}/rotate`;
  showToken(await ask(flags, { path, method: 'POST', body }) as Shown, flags);
}

async function revoke(id: string, flags: Flags): Promise<void> {
  const answer = await ask(flags, {
    path: `${base}/${encodeURIComponent(id)}`, method: 'DELETE',
  });
  terminal(flags.json).print(flags.json === true ? JSON.stringify(answer) : `revoked ${id}`);
}

async function whoami(flags: Flags): Promise<void> {
  const me = await ask(flags, { path: '/admin/v1/whoami' }) as Record<string, unknown>;
  const out = terminal(flags.json);
  if (flags.json === true) { out.print(JSON.stringify(me)); return; }
  const rows = Object.entries(me).filter(([name, value]) => name !== 'object' && value !== null)
    .map(([name, value]) => [name, String(value)]);
  out.print(table(rows));
}

/** On standard output alone, so that it can be piped to where it is kept. */
function showToken(made: Shown, { json }: Flags): void {
  const out = terminal(json);
  if (json === true) { out.print(JSON.stringify(made)); return; }
  out.progress(`${made.id} is ${made.role}, good ${until(made.expires_at)}. This is shown once:`);
  out.print(made.token ?? '');
}

async function ask(flags: Flags, call: ApiCall): Promise<unknown> {
  const { url, token } = await adminAccess(flags, process.env);
  return (await callApiOk({ url, key: token }, call)).body;
}

function expiry({ expires }: Flags): { expires_at?: number } {
  if (expires === undefined) return {};
  const atMs = Date.parse(expires);
  if (Number.isNaN(atMs)) throw new Failure(`--expires ${expires}: write a date, e.g. 2027-01-31.`);
  return { expires_at: Math.floor(atMs / 1000) };
}

function until(expiresAt: number | null): string {
  return expiresAt === null ? 'always' : `until ${new Date(expiresAt * 1000).toISOString()}`;
}
