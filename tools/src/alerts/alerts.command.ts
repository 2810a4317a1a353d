// `holdfast alerts`: what was raised, newest first, and whether it is still so; or as it comes.
import { type Command } from 'commander';
import { type AccessFlags, adminAccess } from '../shared/access';
import { callApiOk } from '../shared/api-client';
import { withAdminAccess, withExamples } from '../shared/flags';
import { table } from '../shared/table';
import { type Terminal, terminal } from '../shared/terminal';
import { alertRow, alertsTable, type AlertShown } from './alerts-table';

interface Flags extends AccessFlags {
  readonly type?: string;
  readonly customer?: string;
  readonly open?: boolean;
  readonly limit: string;
  readonly follow?: boolean;
  readonly webhooks?: boolean;
  readonly json?: boolean;
}

interface Access {
  readonly url: string;
  readonly key: string;
}

/** Nobody can act faster, and the routers answer from memory. */
const followEveryMs = 2_000;

export function addAlerts(program: Command): void {
  const command = withAdminAccess(program.command('alerts')
    .description('budgets, keys, prices, outcomes and provider keys that somebody should look at')
    .option('--type <type>', 'only these, e.g. budget.threshold')
    .option('--customer <id>', 'only of this customer')
    .option('--open', 'only what is still so')
    .option('--limit <count>', 'at most so many', '50')
    .option('--follow', 'go on with new ones as they are raised, until Ctrl-C')
    .option('--webhooks', 'where operators are told, with the secrets that sign it'));
  withExamples(command, [
    'alerts', 'alerts --open', 'alerts --type budget.threshold --follow', 'alerts --webhooks',
  ]);
  command.action(async (flags: Flags) => {
    const { url, token } = await adminAccess(flags, process.env);
    const [access, out] = [{ url, key: token }, terminal(flags.json)];
    if (flags.webhooks === true) await showWebhooks(access, out, flags);
    else if (flags.follow === true) await follow(access, out, flags);
    else {
      const alerts = await ask(access, flags, out);
      out.print(flags.json === true ? JSON.stringify(alerts) : alertsTable(alerts));
    }
  });
}

async function ask(access: Access, flags: Flags, out: Terminal): Promise<readonly AlertShown[]> {
  const query = new URLSearchParams({ limit: flags.limit });
  if (flags.type !== undefined) query.set('type', flags.type);
  if (flags.customer !== undefined) query.set('customer', flags.customer);
  if (flags.open === true) query.set('open', 'true');
  const { body } = await callApiOk(access, { path: `/admin/v1/alerts?${query.toString()}` });
  const { data, partitions_unanswered: missing } = body as {
    readonly data: readonly AlertShown[]; readonly partitions_unanswered: readonly number[];
  };
  if (missing.length > 0) out.progress(`no router answers for partition ${missing.join(', ')}`);
  return data;
}

/** The same alert is shown once, whatever comes between. */
async function follow(access: Access, out: Terminal, flags: Flags): Promise<never> {
  const shown = new Set<string>();
  for (;;) {
    for (const alert of (await ask(access, flags, out)).toReversed()) {
      if (shown.has(alert.id)) continue;
      shown.add(alert.id);
      out.print(flags.json === true ? JSON.stringify(alert) : alertRow(alert).join('  '));
    }
    await new Promise((resolve) => setTimeout(resolve, followEveryMs));
  }
}

interface Webhook {
  readonly id: string;
  readonly url: string | null;
  readonly status: string;
  readonly customer: string | null;
  readonly events: readonly string[];
}

/** The secret of a customer's own endpoint is its customer's. */
async function showWebhooks(access: Access, out: Terminal, flags: Flags): Promise<void> {
  const { body } = await callApiOk(access, { path: '/admin/v1/alert_endpoints' });
  const found: (Webhook & { readonly secret: string | null })[] = [];
  for (const webhook of (body as { readonly data: readonly Webhook[] }).data) {
    const isOwn = webhook.customer === 'system' && webhook.status !== 'deleted';
    const secret = isOwn ? await secretOf(access, webhook.id) : null;
    found.push({ ...webhook, secret });
  }
  if (flags.json === true) { out.print(JSON.stringify(found)); return; }
  if (found.length === 0) {
    out.print('nobody is told: name webhooks under alerts in holdfast.yaml');
    return;
  }
  out.print(table([
    ['endpoint', 'status', 'url', 'events', 'secret'],
    ...found.map(({ id, status, url, events, secret }) =>
      [id, status, url ?? '-', events.join(' '), secret ?? '(its customer has it)']),
  ]));
}

async function secretOf(access: Access, id: string): Promise<string> {
  const call = { path: `/admin/v1/alert_endpoints/${id}/secret`, method: 'POST' as const };
  const { body } = await callApiOk(access, call);
  return (body as { readonly secret: string }).secret;
}
