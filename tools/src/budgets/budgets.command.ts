// `holdfast budgets`: how much of every budget and rate limit is spent and held now; and
// `holdfast budgets raise`, `end-raise`: more of one for a while.
import { type Command } from 'commander';
import { type UsageLine, usageTable } from '@libs/routing/ledger/usage-view';
import { type AccessFlags, adminAccess } from '../shared/access';
import { callApiOk } from '../shared/api-client';
import { withAdminAccess, withExamples } from '../shared/flags';
import { terminal } from '../shared/terminal';

interface Flags extends AccessFlags {
  readonly json?: boolean;
}

export function addBudgets(program: Command): void {
  const command = program.command('budgets')
    .description('what is spent and held of every budget and rate limit');
  withExamples(withAdminAccess(command), ['budgets', 'budgets --json']);
  command.action(async (flags: Flags) => {
    const { url, token } = await adminAccess(flags, process.env);
    const { body } = await callApiOk({ url, key: token }, { path: '/admin/v1/budgets' });
    const { data } = body as { readonly data: readonly UsageLine[] };
    terminal(flags.json).print(flags.json === true ? JSON.stringify(data) : usageTable(data));
  });
  addRaise(command);
  addEndRaise(command);
}

interface RaiseFlags extends Flags {
  readonly by?: string;
  readonly to?: string;
  readonly until: string;
  readonly window?: string;
  readonly model?: readonly string[];
  readonly provider?: readonly string[];
  readonly reason?: string;
}

interface Raised {
  readonly id: string;
  readonly add_usd: string;
  readonly until: string;
}

function addRaise(budgets: Command): void {
  const command = budgets.command('raise')
    .description('raise one budget until a time; it ends by itself')
    .argument('<level>', 'customer, team or key')
    .argument('<id>', 'whose budget')
    .option('--by <usd>', 'so much more')
    .option('--to <usd>', 'so much altogether')
    .requiredOption('--until <time>', 'e.g. 2030-01-31 (00:00 UTC) or 2030-01-31T12:00:00Z')
    .option('--window <window>', 'which budget, where there are several: its window')
    .option('--model <glob...>', 'its models')
    .option('--provider <glob...>', 'its providers')
    .option('--reason <text>', 'kept in the log');
  withExamples(withAdminAccess(command), ['budgets raise team search --by 50 --until 2030-02-01 --window month']);
  command.action(async (level: string, id: string, _own: RaiseFlags, self: Command) => {
    const flags = self.optsWithGlobals<RaiseFlags>();
    const { url, token } = await adminAccess(flags, process.env);
    const path = raisesOf(level, id);
    const asked = {
      add_usd: flags.by, limit_usd: flags.to, until: flags.until, window: flags.window,
      models: flags.model, providers: flags.provider, reason: flags.reason,
    };
    const { body } = await callApiOk({ url, key: token }, { method: 'POST', path, body: asked });
    const { id: raise, add_usd: add, until } = body as Raised;
    const out = terminal(flags.json);
    if (flags.json === true) { out.print(JSON.stringify(body)); return; }
    out.print(`${level} ${id}: ${add} USD more until ${until} (${raise})`);
  });
}

function addEndRaise(budgets: Command): void {
  const command = budgets.command('end-raise')
    .description('end a raise now; what was spent by then stays spent')
    .argument('<level>', 'customer, team or key')
    .argument('<id>', 'whose budget')
    .argument('<raise>', 'which: `holdfast limits show` lists them');
  withExamples(withAdminAccess(command), ['budgets end-raise team search raise_0f3a5c7e9b1d2f4a']);
  command.action(async (...[level, id, raise, , self]: [string, string, string, Flags, Command]) => {
    const flags = self.optsWithGlobals<Flags>();
    const { url, token } = await adminAccess(flags, process.env);
    const path = `${raisesOf(level, id)}/${encodeURIComponent(raise)}`;
    const { body } = await callApiOk({ url, key: token }, { method: 'DELETE', path });
    terminal(flags.json).print(flags.json === true ? JSON.stringify(body)
      : `${level} ${id}: ${raise} has ended`);
  });
}

function raisesOf(level: string, id: string): string {
  return `/admin/v1/limits/${encodeURIComponent(level)}/${encodeURIComponent(id)}/raises`;
}
