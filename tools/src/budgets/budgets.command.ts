// `holdfast budgets`: how much of every budget and rate limit is spent and held now.
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
}
