// `holdfast spend`: what was spent, by customer, key, model or whatever else it is kept by.
import { type Command } from 'commander';
import { type AccessFlags, adminAccess } from '../shared/access';
import { callApiOk } from '../shared/api-client';
import { withAdminAccess, withExamples } from '../shared/flags';
import { table } from '../shared/table';
import { terminal } from '../shared/terminal';

interface Flags extends AccessFlags {
  readonly from?: string;
  readonly to?: string;
  readonly by: string;
  readonly csv?: boolean;
  readonly json?: boolean;
}

interface Report {
  readonly from: string;
  readonly to: string;
  readonly data: readonly Readonly<Record<string, string | number | null>>[];
  readonly has_more: boolean;
}

export function addSpend(program: Command): void {
  const command = withAdminAccess(program.command('spend')
    .description('what was spent, by day of UTC')
    .option('--from <day>', 'first day, such as 2026-11-01 (the first of the month)')
    .option('--to <day>', 'last day (today)')
    .option('--by <names>', 'customer, team, key, provider, model, day, metadata.NAME', 'customer')
    .option('--csv', 'print CSV'));
  withExamples(command, [
    'spend', 'spend --by customer,model --from 2026-11-01', 'spend --by day,metadata.purpose --csv',
  ]);
  command.action(async (flags: Flags) => {
    const { url, token } = await adminAccess(flags, process.env);
    const query = new URLSearchParams({
      group_by: flags.by, format: flags.csv === true ? 'csv' : 'json',
      ...flags.from === undefined ? {} : { from: flags.from },
      ...flags.to === undefined ? {} : { to: flags.to },
    });
    const { body } = await callApiOk({ url, key: token }, { path: `/admin/v1/spend?${query.toString()}` });
    const out = terminal(flags.json);
    // CSV has its own line breaks.
    if (flags.csv === true) { out.print(String(body).trimEnd()); return; }
    out.print(flags.json === true ? JSON.stringify(body) : spendTable(body as Report));
  });
}

function spendTable({ from, to, data, has_more: hasMore }: Report): string {
  const [first] = data;
  if (first === undefined) return `nothing was spent from ${from} to ${to}`;
  const names = Object.keys(first);
  return [
    `from ${from} to ${to} (UTC)`,
    table([names, ...data.map((line) => names.map((name) => String(line[name] ?? '-')))]),
    ...hasMore ? ['(there is more: ask for fewer days, or group by less)'] : [],
  ].join('\n');
}
