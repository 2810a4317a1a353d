// What applying a configuration adds up: events, and what they change, per kind of entity.
import type { EventDraft } from '@libs/events/envelope';

export type ConfigEntity =
  | 'customer' | 'team' | 'key' | 'provider' | 'route' | 'price' | 'settings' | 'limits'
  | 'administrator' | 'oidc';

export interface ConfigChange {
  readonly action: 'create' | 'change' | 'remove';
  readonly entity: ConfigEntity;
  readonly id: string;
}

export interface ConfigConflict {
  readonly entity: ConfigEntity;
  readonly id: string;
  readonly message: string;
}

/** What one kind of entity needs. */
export interface DiffPart {
  readonly sets: EventDraft[];
  readonly removals: EventDraft[];
  readonly changes: ConfigChange[];
  readonly conflicts: ConfigConflict[];
}

export function emptyPart(): DiffPart {
  return { sets: [], removals: [], changes: [], conflicts: [] };
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
