// `holdfast events`: events of the log by what they are about.
import { type Command } from 'commander';
import { type AnyEvent } from '@libs/events/envelope';
import { adminAccess } from '../shared/access';
import { callApiOk } from '../shared/api-client';
import { describeEvent } from '../shared/describe-event';
import { type EventFlags, filtersOf, withEventFlags } from '../shared/event-flags';
import { withExamples } from '../shared/flags';
import { terminal } from '../shared/terminal';

interface Flags extends EventFlags {
  readonly order: string;
  readonly limit: string;
  readonly after?: string;
  readonly json?: boolean;
}

interface Page {
  readonly data: readonly { readonly seq: number; readonly line: number; readonly event: AnyEvent }[];
  readonly has_more: boolean;
  readonly next: string | null;
}

export function addEvents(program: Command): void {
  const command = withEventFlags(program.command('events')
    .description('look for events of the log'))
    .option('--order <order>', 'newest or oldest first', 'newest')
    .option('--limit <n>', 'how many, up to 500', '50')
    .option('--after <next>', 'the page behind this one');
  withExamples(command, [
    'events --type JobFailed --tenant acme', 'events --subject job_0190… --order oldest',
    'events --type AdminActed --from 2026-11-01 --json',
  ]);
  command.action(async (flags: Flags) => {
    const { url, token } = await adminAccess(flags, process.env);
    const query = new URLSearchParams({ order: flags.order, limit: flags.limit });
    if (flags.after !== undefined) query.set('after', flags.after);
    for (const [name, value] of Object.entries(filtersOf(flags))) {
      for (const one of [value].flat()) query.append(name, one);
    }
    const { body } = await callApiOk({ url, key: token }, { path: `/audit/v1/events?${query.toString()}` });
    const out = terminal(flags.json);
    out.print(flags.json === true ? JSON.stringify(body) : pageText(body as Page));
  });
}

function pageText({ data, has_more: hasMore, next }: Page): string {
  const lines = data.map(({ seq, line, event }) =>
    `${String(seq).padStart(8)}:${line}  ${describeEvent(event)}`);
  const more = hasMore ? [`(there is more: --after ${next ?? ''})`] : [];
  return [...lines, ...more].join('\n') || 'no such events';
}
