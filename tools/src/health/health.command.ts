// `holdfast health`: how the providers, their models and their keys are, as the routers see them.
import { type Command } from 'commander';
import { type ProviderView } from '@libs/routing/health-view';
import { healthTable } from '@libs/routing/health-table';
import { type AccessFlags, adminAccess } from '../shared/access';
import { callApiOk } from '../shared/api-client';
import { Failure } from '../shared/failure';
import { withAdminAccess, withExamples } from '../shared/flags';
import { terminal } from '../shared/terminal';

interface Flags extends AccessFlags {
  readonly watch?: boolean;
  readonly json?: boolean;
}

interface Health {
  readonly providers: readonly ProviderView[] | null;
  readonly workers: readonly unknown[];
  readonly routers: readonly unknown[];
}

const watchEveryMs = 1_000;

export function addHealth(program: Command): void {
  const command = program.command('health')
    .description('how providers, models and keys are, and why one is not used')
    .option('--watch', 'again each second, until Ctrl-C');
  withExamples(withAdminAccess(command), ['health', 'health --watch', 'health --json']);
  command.action(async (flags: Flags) => {
    const { url, token } = await adminAccess(flags, process.env);
    const look = async (): Promise<void> => show(await ask({ url, key: token }), flags);
    await look();
    while (flags.watch === true) {
      await new Promise((resolve) => setTimeout(resolve, watchEveryMs));
      await look();
    }
  });
}

async function ask(access: { readonly url: string; readonly key: string }): Promise<Health> {
  const { body } = await callApiOk(access, { path: '/admin/v1/health' });
  return body as Health;
}

function counted(list: readonly unknown[], what: string): string {
  return `${list.length} ${what}${list.length === 1 ? '' : 's'}`;
}

function show(health: Health, { json, watch }: Flags): void {
  const out = terminal(json);
  if (json === true) { out.print(JSON.stringify(health)); return; }
  const { providers, workers, routers } = health;
  if (providers === null) {
    if (watch !== true) throw new Failure('No router answers: nothing is known of the providers now.');
    out.print('no router answers');
    return;
  }
  const nowMs = Date.now();
  const head = `${new Date(nowMs).toISOString()}  ${counted(routers, 'router')}, ${counted(workers, 'worker')}`;
  // Home and clear, so that a watched table stays where it is.
  const clear = watch === true && process.stdout.isTTY ? '\u001b[H\u001b[2J' : '';
  out.print(`${clear}${head}\n\n${healthTable(providers, nowMs)}${watch === true ? '\n' : ''}`);
}
