// `holdfast customers` and `holdfast teams`: lists them, makes, shows, changes, stops and removes them.
import { type Command } from 'commander';
import { underWay } from '../limits/limits-text';
import { type ApiCall } from '../shared/api-client';
import { type AdminFlags, askAdmin, lookAt } from '../shared/ask-admin';
import { Failure } from '../shared/failure';
import { withAdminAccess, withExamples } from '../shared/flags';
import { terminal } from '../shared/terminal';
import { changeBody, entityBody, type EntityFlags, type EntityNow } from './entity-body';
import { entitiesTable, entityText, type EntityShown, type Level } from './entity-text';

type Flags = AdminFlags & EntityFlags;

export function addCustomers(program: Command): void {
  const command = add(program, 'customer', 'whom the work is done for: each with its teams, keys and limits');
  withExamples(command, [
    'customers list', 'customers create acme --name "Acme Inc." --time-zone Europe/Berlin',
    'customers update acme --denied-models "gpt-4.5*" --max-tokens 4000',
    'customers suspend acme --reason "unpaid since March"', 'limits set customer acme --budget "500/month calendar"',
  ]);
}

export function addTeams(program: Command): void {
  const command = add(program, 'team', 'parts of a customer, with keys and limits of their own');
  withExamples(command, [
    'teams list', 'teams create search --customer acme --models "chat,gpt-4o*"',
    'teams update search --metadata cost_centre=42', 'teams resume search',
    'keys create --customer acme --team search',
  ]);
}

function add(program: Command, level: Level, what: string): Command {
  const name = `${level}s`;
  const command = program.command(name).description(what);
  withExamples(sub(command, 'list', 'all of them, with state and limits'), [`${name} list --json`])
    .action((flags: Flags) => list(level, flags));
  withExamples(sub(command, 'show', 'one of them', 'id'), [`${name} show search`])
    .action((id: string, flags: Flags) => print(level, flags, { path: pathOf(level, id) }));
  withExamples(withFields(sub(command, 'create', 'make one', 'id'), level), [
    `${name} create search --name "Search" --providers openai --temperature 0..1 --clamp`,
  ]).action((id: string, flags: Flags) => print(level, flags, {
    path: `/admin/v1/${name}`, method: 'POST', body: { id, ...entityBody(flags) },
  }));
  withExamples(withFields(sub(command, 'update', 'change what is named; the rest stays', 'id'), level), [
    `${name} update search --models "" --max-tokens none --metadata tier=gold old=`,
  ]).action((id: string, flags: Flags) => update(level, id, flags));
  withExamples(sub(command, 'delete', 'remove it, once nothing belongs to it', 'id'), [`${name} delete search`])
    .action((id: string, flags: Flags) => remove(level, id, flags));
  withExamples(sub(command, 'suspend', 'stop it and all below; who is stopped is told why', 'id')
    .requiredOption('--reason <text>', 'why'), [`${name} suspend search --reason "unpaid"`])
    .action((id: string, flags: Flags & { readonly reason: string }) => print(level, flags, {
      path: `${pathOf(level, id)}/suspend`, method: 'POST', body: { reason: flags.reason },
    }));
  withExamples(sub(command, 'resume', 'let it go on', 'id'), [`${name} resume search`])
    .action((id: string, flags: Flags) => print(level, flags, {
      path: `${pathOf(level, id)}/resume`, method: 'POST', body: {},
    }));
  return command;
}

function sub(command: Command, name: string, what: string, argument?: string): Command {
  const made = command.command(name).description(what);
  if (argument !== undefined) made.argument(`<${argument}>`);
  return withAdminAccess(made);
}

function withFields(command: Command, level: Level): Command {
  if (level === 'team') command.option('--customer <id>', 'whose it is');
  else {
    command.option('--weight <n>', 'its share of workers beside others')
      .option('--time-zone <name>', 'of calendar budgets that name none, e.g. Europe/Berlin');
  }
  return command
    .option('--name <text>', 'for people')
    .option('--models <globs>', 'models it may use, separated by commas; "" allows all again')
    .option('--denied-models <globs>', 'models it may not use; "" takes it back')
    .option('--providers <globs>', 'providers it may use')
    .option('--denied-providers <globs>', 'providers it may not use')
    .option('--max-tokens <n>', 'most tokens of an answer, or none')
    .option('--temperature <range>', 'the range, e.g. 0..1, or none')
    .option('--refuse <fields>', 'fields of a request that are refused')
    .option('--clamp', 'bring a request into its bounds instead of refusing it')
    .option('--no-clamp', 'refuse what is out of its bounds')
    .option('--metadata <name=value...>', 'whatever helps to tell it from others; name= takes one away');
}

async function list(level: Level, flags: Flags): Promise<void> {
  const { data } = await askAdmin(flags, { path: `/admin/v1/${level}s` }) as { data: EntityShown[] };
  terminal(flags.json).print(flags.json === true ? JSON.stringify(data) : entitiesTable(level, data));
}

/** Parameters and metadata are changed as a whole: refused when somebody else was faster. */
async function update(level: Level, id: string, flags: Flags): Promise<void> {
  const path = pathOf(level, id);
  const seen = await lookAt(flags, path);
  if (seen === null) throw new Failure(`There is no ${level} "${id}"; \`holdfast ${level}s create\` makes one.`);
  await print(level, flags, {
    path, method: 'PATCH', body: changeBody(flags, seen.body as EntityNow), headers: seen.ifMatch,
  });
}

async function remove(level: Level, id: string, flags: Flags): Promise<void> {
  const body = await askAdmin(flags, { path: pathOf(level, id), method: 'DELETE' });
  terminal(flags.json).print(flags.json === true ? JSON.stringify(body) : `${level} ${id} is removed`);
}

async function print(level: Level, flags: Flags, call: ApiCall): Promise<void> {
  const one = await askAdmin(flags, call) as EntityShown;
  terminal(flags.json).print(flags.json === true ? JSON.stringify(one)
    : entityText(level, { ...one, ...underWay(one, Date.now()) }));
}

function pathOf(level: Level, id: string): string {
  return `/admin/v1/${level}s/${encodeURIComponent(id)}`;
}
