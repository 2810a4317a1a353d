// What applying a configuration adds up: events, and what they change, per kind of entity.
import type { EventDraft } from '@libs/events/envelope';
import { type FieldChange, fieldChanges } from './diff-fields';

export type ConfigEntity =
  | 'customer' | 'team' | 'key' | 'provider' | 'route' | 'price' | 'settings' | 'limits'
  | 'suspension' | 'webhook' | 'administrator' | 'oidc';

export interface ConfigChange {
  readonly action: 'create' | 'change' | 'remove';
  readonly entity: ConfigEntity;
  readonly id: string;
  /** None for what is removed. */
  readonly fields: readonly FieldChange[];
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

/** A change as it is shown: made anew where there was nothing. */
export function changed(
  entity: ConfigEntity, id: string, before: object | undefined, after: object,
): ConfigChange {
  const action = before === undefined ? 'create' : 'change';
  return { action, entity, id, fields: fieldChanges(before, after) };
}

export function removed(entity: ConfigEntity, id: string): ConfigChange {
  return { action: 'remove', entity, id, fields: [] };
}
