// Virtual keys as a person reads them: as a table, and one in full.
import { table } from '../shared/table';

export interface KeyLine {
  readonly id: string;
  readonly customer: string;
  readonly team: string | null;
  readonly name: string | null;
  readonly hint: string;
  readonly state: string;
  readonly suspended_by?: { readonly level: string; readonly id: string; readonly reason: string };
  readonly expires_at: number | null;
  readonly old_values_until?: readonly number[];
  /** Absent: no router could tell. */
  readonly last_used_at?: number | null;
  readonly open_jobs?: number;
  /** Only when it was made or rotated just now. */
  readonly value?: string;
  readonly [field: string]: unknown;
}

export function keysTable(keys: readonly KeyLine[]): string {
  if (keys.length === 0) return 'no keys';
  const head = ['id', 'customer', 'team', 'begins', 'state', 'expires', 'last used', 'open jobs'];
  return table([head, ...keys.map((key) => [
    key.id, key.customer, key.team ?? '-', key.hint, stateOf(key), timeOf(key.expires_at, 'never'),
    lastUse(key), String(key.open_jobs ?? '?'),
  ])]);
}

export function keyText(key: KeyLine): string {
  const rows = Object.entries(key)
    .filter(([name, value]) => !plain.has(name) && !isEmpty(value))
    .map(([name, value]) => [name, typeof value === 'string' ? value : JSON.stringify(value)]);
  const text = table([
    ['key', key.id], ['state', stateOf(key)], ['customer', key.customer], ['team', key.team ?? '-'],
    ['begins', key.hint], ['expires', timeOf(key.expires_at, 'never')], ['last used', lastUse(key)],
    ...(key.old_values_until ?? []).map((until) => ['old value until', timeOf(until, '')]),
    ...rows,
  ]);
  if (key.value === undefined) return text;
  return `${text}\n\n${key.value}\n\nThis is its value. It is shown this once; keep it now.`;
}

/** Shown by their own words. */
const plain: ReadonlySet<string> = new Set([
  'id', 'object', 'state', 'revoked', 'customer', 'team', 'hint', 'expires_at', 'last_used_at',
  'old_values_until', 'suspended_by', 'value',
]);

function stateOf({ state, suspended_by: by }: KeyLine): string {
  if (by === undefined || state === 'expired') return state;
  if (by.level === 'key') return `suspended (${by.reason})`;
  const own = state === 'suspended' ? 'suspended, and' : 'stopped:';
  return `${own} ${by.level} ${by.id} is suspended (${by.reason})`;
}

function lastUse({ last_used_at: atS }: KeyLine): string {
  return atS === undefined ? '?' : timeOf(atS, 'never');
}

function timeOf(atS: number | null, otherwise: string): string {
  return atS === null ? otherwise : new Date(atS * 1000).toISOString().replace('.000Z', 'Z');
}

function isEmpty(value: unknown): boolean {
  if (value === null || value === undefined) return true;
  return typeof value === 'object' && Object.keys(value).length === 0;
}
