// Makes a child die with the process that started it, even if that one is killed with -9: Linux can
// send a signal on the parent's death. Elsewhere the pid files find the leftovers at the next start.
import { runCommand } from './run-command';

let supported: Promise<boolean> | undefined;

/** The words to put before a command; none where the system cannot do it. */
export async function dieWithParent(signal: 'SIGINT' | 'SIGTERM' | 'SIGKILL'): Promise<string[]> {
  supported ??= runCommand('setpriv', ['--pdeathsig', 'TERM', 'true'], { timeoutMs: 5_000 })
    .then(({ code }) => process.platform === 'linux' && code === 0);
  return (await supported) ? ['setpriv', '--pdeathsig', signal.slice(3)] : [];
}
