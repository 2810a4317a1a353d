// What changes about one entity, field by field, as it may be shown: secrets are references in events
// already, and of a key's value only its first letters are.

export interface FieldChange {
  readonly field: string;
  /** null: not there. */
  readonly before: unknown;
  readonly after: unknown;
}

/** Nobody asks for these: who owns it is said otherwise. */
const hidden: ReadonlySet<string> = new Set(['origin', 'hash', 'hint', 'tenant', 'overlap_s']);

export function fieldChanges(before: object | undefined, after: object): FieldChange[] {
  const [was, is] = [fieldsOf(before), fieldsOf(after)];
  const changes: FieldChange[] = [];
  for (const field of new Set([...was.keys(), ...is.keys()])) {
    const [one, other] = [was.get(field) ?? null, is.get(field) ?? null];
    if (!sameValue(one, other)) changes.push({ field, before: one, after: other });
  }
  if (valueOf(before, 'hash') !== valueOf(after, 'hash')) {
    changes.push({ field: 'value', before: valueOf(before, 'hint'), after: valueOf(after, 'hint') });
  }
  return changes;
}

/** Equal as JSON, whatever the order of fields. */
export function sameValue(one: unknown, other: unknown): boolean {
  if (one === other) return true;
  if (typeof one !== 'object' || typeof other !== 'object' || one === null || other === null) {
    return false;
  }
  if (Array.isArray(one) !== Array.isArray(other)) return false;
  const [left, right] = [Object.entries(one), Object.entries(other)];
  return left.length === right.length
    && left.every(([name, value]) => sameValue(value, (other as Record<string, unknown>)[name]));
}

/** What says nothing is as good as not there. */
function fieldsOf(entity: object | undefined): Map<string, unknown> {
  return new Map(Object.entries(entity ?? {}).filter(([name, value]) =>
    !hidden.has(name) && value !== null && value !== undefined && !isEmpty(value)));
}

function isEmpty(value: unknown): boolean {
  return typeof value === 'object' && value !== null && Object.keys(value).length === 0;
}

function valueOf(entity: object | undefined, name: string): unknown {
  return (entity as Readonly<Record<string, unknown>> | undefined)?.[name] ?? null;
}
