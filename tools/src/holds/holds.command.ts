// `holdfast holds`: money held for calls whose end nobody learned; gives such a hold up, or settles it
// by the provider's bill.
import { type Command } from 'commander';
import { type HoldLine } from '@libs/routing/holds/holds-view';
import { type AccessFlags, adminAccess } from '../shared/access';
import { callApiOk } from '../shared/api-client';
import { withAdminAccess, withExamples } from '../shared/flags';
import { table } from '../shared/table';
import { terminal } from '../shared/terminal';

interface Flags extends AccessFlags {
  readonly json?: boolean;
}

interface ListFlags extends Flags {
  readonly customer?: string;
}

interface CloseFlags extends Flags {
  readonly reason: string;
  readonly costUsd?: string;
}

export function addHolds(program: Command): void {
  const command = withAdminAccess(program.command('holds')
    .description('money held for calls whose end nobody learned')
    .option('--customer <id>', 'only of this customer'));
  withExamples(command, [
    'holds', 'holds write-off job_0190… unknown:1 --reason "the provider has no such call"',
    'holds settle job_0190… att_0190… --cost-usd 0.0125 --reason "line 12 of the bill of January"',
  ]);
  command.action((flags: ListFlags) => list(flags));
  withAdminAccess(command.command('write-off').description('give a hold up: nothing more is expected')
    .argument('<job>').argument('<attempt>', 'as `holdfast holds` shows it')
    .requiredOption('--reason <text>', 'why; it stands in the log'))
    .action((job: string, attempt: string, flags: CloseFlags, one: Command) =>
      close([job, attempt], { action: 'write_off', reason: flags.reason }, one.optsWithGlobals()));
  withAdminAccess(command.command('settle').description('book what the call cost by the provider’s bill')
    .argument('<job>').argument('<attempt>', 'as `holdfast holds` shows it')
    .requiredOption('--cost-usd <amount>', 'what the provider charged')
    .requiredOption('--reason <text>', 'where it stands; it is in the log'))
    .action((job: string, attempt: string, flags: CloseFlags, one: Command) => close(
      [job, attempt], { action: 'settle', cost_usd: flags.costUsd, reason: flags.reason },
      one.optsWithGlobals(),
    ));
}

async function list(flags: ListFlags): Promise<void> {
  const { url, token } = await adminAccess(flags, process.env);
  const filter = flags.customer === undefined ? '' : `?customer=${encodeURIComponent(flags.customer)}`;
  const { body } = await callApiOk({ url, key: token }, { path: `/admin/v1/holds${filter}` });
  const out = terminal(flags.json);
  if (flags.json === true) { out.print(JSON.stringify(body)); return; }
  out.print(holdsText(body as { data: readonly HoldLine[]; held_usd: string }));
}

async function close(
  [job, attempt]: readonly [string, string], body: object, flags: Flags,
): Promise<void> {
  const { url, token } = await adminAccess(flags, process.env);
  const path = `/admin/v1/holds/${encodeURIComponent(job)}/${encodeURIComponent(attempt)}`;
  const answer = await callApiOk({ url, key: token }, { path, method: 'POST', body });
  const out = terminal(flags.json);
  if (flags.json === true) { out.print(JSON.stringify(answer.body)); return; }
  const { state, released_usd: released, cost_usd: cost } = answer.body as {
    state: string; released_usd?: string | null; cost_usd?: string;
  };
  const booked = cost === undefined ? '' : `, ${cost} USD booked`;
  out.print(state === 'requested' ? 'requested; not decided yet'
    : `${state.replace('_', ' ')}: ${released ?? 'an unknown amount of'} USD released${booked}`);
}

function holdsText({ data, held_usd: held }: {
  readonly data: readonly HoldLine[]; readonly held_usd: string;
}): string {
  if (data.length === 0) return 'no holds of unknown end';
  return table([
    ['job', 'attempt', 'provider', 'model', 'customer', 'team', 'key', 'held (USD)', 'since', 'written off at'],
    ...data.map((line) => [
      line.job, line.attempt, line.provider, line.model, line.customer, line.team ?? '-', line.key,
      line.held_usd ?? 'no price', line.since, line.written_off_at ?? 'never',
    ]),
  ]) + `\n${data.length} holds, ${held} USD`;
}
