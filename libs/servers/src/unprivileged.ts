// PostgreSQL refuses to run as root. Under root its programs run in a user namespace that maps root
// to an ordinary user: no account is made and no file changes its owner.
import { Fault } from '@libs/faults/faults';
import { runCommand } from './run-command';

const mapped = ['unshare', '--user', '--map-user=1000', '--map-group=1000'] as const;

let prefix: Promise<readonly string[]> | undefined;

/**
 * The words to put before a command that must not see root.
 * @throws Fault server_missing where the system forbids user namespaces to root.
 */
export async function withoutRoot(): Promise<readonly string[]> {
  prefix ??= process.getuid?.() === 0 ? proved() : Promise.resolve([]);
  return await prefix;
}

async function proved(): Promise<readonly string[]> {
  const [program, ...args] = mapped;
  const { code, stderr } = await runCommand(program, [...args, 'true'], { timeoutMs: 5_000 });
  if (code === 0) return mapped;
  throw new Fault('server_missing', [
    'PostgreSQL does not run as root, and this system allows root no user namespace',
    `(${stderr.trim()}). Start Holdfast as another user, or name a database in DATABASE_URL.`,
  ].join('\n'));
}
