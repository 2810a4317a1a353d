// `holdfast limits`: what a customer, a team or a key may spend and ask: shows, sets and lifts it.
import { Argument, type Command } from 'commander';
import { limitLevels } from '@libs/events/limits';
import { type AdminFlags, askAdmin, lookAt, type Seen } from '../shared/ask-admin';
import { withAdminAccess, withExamples } from '../shared/flags';
import { terminal } from '../shared/terminal';
import { changeText, type LimitsShown, limitsText, underWay } from './limits-text';
import { type LimitFlags, limitsBody } from './read-limits';

export function addLimits(program: Command): void {
  const command = program.command('limits')
    .description('budgets and rate limits of a customer, a team or a key');
  withExamples(command, [
    'limits show team search', 'limits set team search --budget "10 per day" --rate "60 requests/minute"',
    'limits lift team search', 'budgets raise team search --by 50 --until 2030-02-01',
  ]);
  withExamples(sub(command, 'show', 'what bounds it'), ['limits show customer acme']).action(show);
  const set = sub(command, 'set', 'bound it; what is not named stays as it is')
    .option('--budget <texts...>', 'all its budgets in USD: "10 per day", "100/month calendar '
      + 'zone=Europe/Berlin", "5/day soft models=gpt-4o* providers=openai alert=50,80"; or none')
    .option('--rate <texts...>', 'all its rate limits: "60 requests/minute", "100000 tokens/hour '
      + 'models=gpt-4o*", also input_tokens, output_tokens, "20 concurrent models=…"; or none')
    .option('--concurrent <n>', 'requests under way at the same time; or none');
  withExamples(set, [
    'limits set team search --budget "10 per day" "100 per month calendar"',
    'limits set key search-prod --rate "60 requests/minute" --rate "100000 tokens/hour" --concurrent 5',
    'limits set customer acme --rate none',
  ]).action(change);
  withExamples(sub(command, 'lift', 'nothing of its own bounds it any more'), ['limits lift team search'])
    .action(lift);
}

function sub(command: Command, name: string, what: string): Command {
  return withAdminAccess(command.command(name).description(what)
    .addArgument(new Argument('<level>', 'whose').choices(limitLevels))
    .argument('<id>', 'of the customer, team or key'));
}

async function show(level: string, id: string, flags: AdminFlags): Promise<void> {
  const seen = await limitsNow(flags, level, id);
  const limits = seen?.body ?? unbounded(level, id);
  terminal(flags.json).print(flags.json === true ? JSON.stringify(limits)
    : limitsText(underWay(limits, Date.now())));
}

async function change(level: string, id: string, flags: AdminFlags & LimitFlags): Promise<void> {
  const body = limitsBody(flags);
  const seen = await limitsNow(flags, level, id);
  const after = await askAdmin(flags, {
    path: pathOf(level, id), method: 'PATCH', body, headers: { ...seen?.ifMatch },
  });
  printChange(flags, seen, after);
}

async function lift(level: string, id: string, flags: AdminFlags): Promise<void> {
  const seen = await limitsNow(flags, level, id);
  if (seen !== null) {
    await askAdmin(flags, { path: pathOf(level, id), method: 'DELETE', headers: seen.ifMatch });
  }
  printChange(flags, seen, unbounded(level, id));
}

function printChange(flags: AdminFlags, before: Seen | null, after: unknown): void {
  const nowMs = Date.now();
  terminal(flags.json).print(flags.json === true ? JSON.stringify(after)
    : changeText(underWay(before?.body ?? {}, nowMs), underWay(after as LimitsShown, nowMs)));
}

/** null: nothing bounds it. @throws Failure when there is no such customer, team or key. */
async function limitsNow(flags: AdminFlags, level: string, id: string): Promise<Seen | null> {
  const seen = await lookAt(flags, pathOf(level, id));
  if (seen === null) await askAdmin(flags, { path: `/admin/v1/${level}s/${encodeURIComponent(id)}` });
  return seen;
}

function unbounded(level: string, id: string): object {
  return { level, id, budgets: [], rate_limits: [], max_concurrent: null };
}

function pathOf(level: string, id: string): string {
  return `/admin/v1/limits/${level}/${encodeURIComponent(id)}`;
}
