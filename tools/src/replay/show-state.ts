// The state of a moment, and what changed between two, as tables for people.
import { healthTable } from '@libs/routing/health-table';
import { type ProviderView } from '@libs/routing/health-view';
import { type UsageLine, usageTable } from '@libs/routing/ledger/usage-view';
import { table } from '../shared/table';
import { type ProjectionName, type State, type StateEntry } from './ask-state';
import { type EntryChange } from './compare-states';

export function stateTable(projection: ProjectionName, state: State): string {
  const values = state.entries.map(({ value }) => value as unknown);
  switch (projection) {
    case 'budgets': return usageTable(values as readonly UsageLine[]);
    case 'health':
      return healthTable(values as readonly ProviderView[], Date.parse(state.at.evaluated_at));
    case 'keys': case 'jobs': case 'routes': return rows(state.entries, telling[projection]);
  }
}

/** What says most of an entry whose key is known. */
const telling: Readonly<Record<ProjectionName, readonly string[]>> = {
  budgets: ['limit', 'spent', 'held', 'resets_at'],
  health: ['state', 'why'],
  keys: ['customer', 'team', 'name', 'revoked', 'models'],
  jobs: ['status', 'customer', 'model', 'provider', 'cost_usd', 'attempts'],
  routes: ['strategy', 'targets', 'fallbacks'],
};

export function stateHead(projection: ProjectionName, { at, folded, entries }: State): string {
  const from = folded.from_snapshot === null
    ? 'the beginning' : `the snapshot at ${folded.from_snapshot}`;
  return `${projection} after commit ${at.sequence} (${at.time}), looked at as of ${at.evaluated_at}: ${
    entries.length}; ${folded.events} events folded from ${from}`;
}

function rows(entries: readonly StateEntry[], fields: readonly string[]): string {
  if (entries.length === 0) return 'there is none';
  return table([
    ['', ...fields],
    ...entries.map(({ key, value }) => [key, ...fields.map((field) => brief(value[field]))]),
  ]);
}

/** A field each row: what it was, and what it became. Money is in USD, as everywhere. */
export function changesTable(
  projection: ProjectionName, changes: readonly EntryChange[],
): string {
  if (changes.length === 0) return 'nothing changed';
  return table([
    ['', 'what', 'field', 'before', 'after'],
    ...changes.flatMap((entry) => {
      switch (entry.change) {
        case 'added': return [['+', entry.key, '', '', told(projection, entry.key, entry.after)]];
        case 'removed': return [['-', entry.key, '', told(projection, entry.key, entry.before), '']];
        case 'changed': return entry.fields.map(({ field, before, after }, at) => {
          const unit = unitOf(projection, entry.key, field);
          const head = at === 0 ? ['~', entry.key] : ['', ''];
          return [...head, field, `${brief(before)}${unit}`, `${brief(after)}${unit}`];
        });
      }
    }),
  ]);
}

function told(projection: ProjectionName, key: string, entry: object): string {
  const values = new Map<string, unknown>(Object.entries(entry));
  return telling[projection]
    .flatMap((name) => {
      const text = brief(values.get(name));
      return text === '-' ? [] : [`${name}=${text}${unitOf(projection, key, name)}`];
    }).join(' ');
}

/** An account is named `level/id kind window …`. */
function unitOf(projection: ProjectionName, account: string, field: string): string {
  const isMoney = projection === 'budgets' && account.split(' ')[1] === 'budget'
    && /^(limit|spent|held|remaining)$/.test(field);
  return isMoney ? ' USD' : '';
}

/** Longer ones are in the JSON. */
const charsMax = 60;
/** Nothing else that is counted here is so large: 2001 in milliseconds. */
const timesFromMs = 1e12;

function brief(value: unknown): string {
  if (value === undefined || value === null) return '-';
  if (typeof value === 'number' && value > timesFromMs) return new Date(value).toISOString();
  const text = Array.isArray(value) ? value.map(briefPart).join(', ')
    : typeof value === 'object' ? fieldsOf(value) : `${value as string | number | boolean}`;
  if (text === '') return '-';
  return text.length <= charsMax ? text : `${text.slice(0, charsMax - 1)}…`;
}

function briefPart(value: unknown): string {
  if (typeof value !== 'object' || value === null) return String(value);
  const { provider, model, outcome, name } = value as Readonly<Record<string, unknown>>;
  const telling = [provider, model, outcome, name].filter((part) => typeof part === 'string');
  return telling.length > 0 ? telling.join('/') : fieldsOf(value);
}

/** The plain ones. */
function fieldsOf(value: object): string {
  return Object.entries(value)
    .filter(([, part]) => part !== null && typeof part !== 'object' && part !== '')
    .map(([name, part]) => `${name}=${String(part)}`).join(' ');
}
