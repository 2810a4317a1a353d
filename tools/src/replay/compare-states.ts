// What is different between two moments: entries that came, went, or changed, field by field.
import { type StateEntry } from './ask-state';

export interface FieldChange {
  /** `targets[sim-small].share` */
  readonly field: string;
  /** Absent: it was, or is, not there. */
  readonly before?: unknown;
  readonly after?: unknown;
}

export type EntryChange =
  | { readonly change: 'added'; readonly key: string; readonly after: object }
  | { readonly change: 'removed'; readonly key: string; readonly before: object }
  | { readonly change: 'changed'; readonly key: string; readonly fields: readonly FieldChange[] };

/** In the order of their keys. */
export function compareStates(
  before: readonly StateEntry[], after: readonly StateEntry[],
): EntryChange[] {
  const [was, is] = [mapOf(before), mapOf(after)];
  const keys = [...new Set([...was.keys(), ...is.keys()])].sort();
  return keys.flatMap((key) => changeOf(key, was.get(key), is.get(key)));
}

function mapOf(entries: readonly StateEntry[]): Map<string, object> {
  return new Map(entries.map(({ key, value }) => [key, value]));
}

function changeOf(
  key: string, before: object | undefined, after: object | undefined,
): EntryChange[] {
  if (before === undefined) return after === undefined ? [] : [{ change: 'added', key, after }];
  if (after === undefined) return [{ change: 'removed', key, before }];
  const fields = changedFields(before, after, '');
  return fields.length === 0 ? [] : [{ change: 'changed', key, fields }];
}

function changedFields(before: unknown, after: unknown, field: string): FieldChange[] {
  const [was, is] = [partsOf(before), partsOf(after)];
  if (was === null || is === null) {
    return JSON.stringify(before) === JSON.stringify(after) ? [] : [change(field, before, after)];
  }
  const names = [...new Set([...was.keys(), ...is.keys()])];
  return names.flatMap((name) => {
    const inner = field === '' || name.startsWith('[') ? `${field}${name}` : `${field}.${name}`;
    const [one, other] = [was.get(name), is.get(name)];
    return one === undefined || other === undefined
      ? [change(inner, one, other)] : changedFields(one, other, inner);
  });
}

function change(field: string, before: unknown, after: unknown): FieldChange {
  return {
    field, ...(before === undefined ? {} : { before }), ...(after === undefined ? {} : { after }),
  };
}

/** What tells one element of a list from another, the most telling first. */
const identities = ['attempt_id', 'id', 'name', 'key', 'model', 'provider'] as const;

/** null: a value without parts. Elements of a list go by their identity, else by their place. */
function partsOf(value: unknown): Map<string, unknown> | null {
  if (typeof value !== 'object' || value === null) return null;
  if (!Array.isArray(value)) return new Map(Object.entries(value));
  const names = value.map(identityOf);
  const areNamed = names.every((name) => name !== null) && new Set(names).size === names.length;
  return new Map(value.map((element, at) => [`[${areNamed ? names[at] ?? at : at}]`, element]));
}

function identityOf(element: unknown): string | null {
  if (typeof element !== 'object' || element === null) return null;
  for (const name of identities) {
    const value = (element as Readonly<Record<string, unknown>>)[name];
    if (typeof value === 'string') return value;
  }
  return null;
}
