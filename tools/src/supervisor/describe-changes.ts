// What applying a configuration changes, in lines for people.
import { type ApplyResult } from './admin-client';

type Change = ApplyResult['changes'][number];

/** A line per change with its fields behind it, and one per entity that file and API both claim. */
export function describeChanges({ changes, conflicts, cuts }: ApplyResult): string[] {
  // A first start sets hundreds of them from the catalogue; nobody reads that.
  const isUsual = ({ action, entity }: Change): boolean => entity === 'price' && action === 'create';
  const prices = changes.filter(isUsual).length;
  return [
    ...changes.filter((change) => !isUsual(change)).flatMap(describeChange),
    ...(prices === 0 ? [] : [`created ${prices} prices`]),
    ...conflicts.map(({ message }) => `left as it is: ${message}`),
    ...(cuts ?? []).map(({ key, last_used_at: usedAt, why }) =>
      `key ${key} is in use (last at ${new Date(usedAt * 1000).toISOString()}): ${why}`),
  ];
}

function describeChange({ action, entity, id, fields }: Change): string[] {
  return [`${past(action)} ${entity} ${id}`, ...fields.map(({ field, before, after }) => {
    const made = action === 'create' && isNothing(before);
    return `    ${field}: ${made ? '' : `${shown(before)} → `}${shown(after)}`;
  })];
}

function past(action: string): string {
  return action.endsWith('e') ? `${action}d` : `${action}ed`;
}

function shown(value: unknown): string {
  if (isNothing(value)) return '-';
  return typeof value === 'string' ? value : JSON.stringify(value);
}

function isNothing(value: unknown): boolean {
  return value === null || value === undefined;
}
