// From a desired configuration to the events that bring it about. The file owns what came from it,
// the API the rest: neither overwrites the other's, a clash is reported and left as it is.
import type { EventType } from '@libs/events/catalogue';
import type { DraftOf, EventDraft } from '@libs/events/envelope';
import type { Origin } from '@libs/events/governance-events';
import { diffAdministrators, diffOidc } from './apply-administrators';
import { diffEndpoints } from './apply-endpoints';
import { diffKeys } from './apply-keys';
import { diffLimits } from './apply-limits';
import { diffPrices } from './apply-prices';
import { diffSuspensions } from './apply-suspensions';
import type { DesiredConfig } from './desired-config';
import { sameValue } from './diff-fields';
import {
  changed, type ConfigChange, type ConfigConflict, type ConfigEntity, type DiffPart, emptyPart, removed,
} from './diff-part';
import { diffSettings } from './apply-settings';
import { type GovernanceState, systemTenant } from './state';

export interface ConfigDiff {
  /** In an order in which each names only what exists. */
  readonly events: readonly EventDraft[];
  readonly changes: readonly ConfigChange[];
  readonly conflicts: readonly ConfigConflict[];
}

export function diffConfig(
  state: GovernanceState, desired: DesiredConfig, nowMs: number,
): ConfigDiff {
  const parts = [
    diffEntities(state.customers, desired.customers, customers),
    diffEntities(state.teams, desired.teams, teams),
    diffProviders(state, desired),
    diffPrices(state, desired),
    diffEntities(state.routes, desired.routes, routes),
    // Before the keys, which are never without their bounds, nor let in where they are stopped.
    diffLimits(state, desired),
    diffSuspensions(state, desired),
    diffKeys(state, desired, nowMs),
    diffEndpoints(state, desired),
    diffSettings(state, desired),
    diffAdministrators(state, desired),
    diffOidc(state, desired),
  ];
  return {
    events: [
      ...parts.flatMap((part) => part.sets),
      // Removed in the opposite order: routes before providers, keys before teams.
      ...parts.toReversed().flatMap((part) => part.removals),
    ],
    changes: parts.flatMap((part) => part.changes),
    conflicts: parts.flatMap((part) => part.conflicts),
  };
}

function diffProviders(state: GovernanceState, desired: DesiredConfig): DiffPart {
  const part = diffEntities(state.providers, desired.providers, providers);
  if (desired.names_providers !== false) return part;
  // None is removed by a file that does not speak of any.
  return { ...part, removals: [], changes: part.changes.filter(({ action }) => action !== 'remove') };
}

interface Kind<Value extends object> {
  readonly entity: ConfigEntity;
  readonly id: (value: Value) => string;
  readonly set: (value: Value & { origin: Origin }) => EventDraft;
  readonly remove: (id: string, tenant: string) => EventDraft;
  readonly tenant: (value: Value) => string;
}

function diffEntities<Value extends object>(
  present: ReadonlyMap<string, Value & { origin: Origin }>,
  wanted: readonly Value[], kind: Kind<Value>,
): DiffPart {
  const part = emptyPart();
  const { entity } = kind;
  for (const value of wanted) {
    const id = kind.id(value);
    const now = present.get(id);
    const next = { ...value, origin: 'file' as const };
    if (now?.origin === 'api') {
      part.conflicts.push({ entity, id, message: `${entity} ${id} was made by the API` });
    } else if (now === undefined || !sameValue(now, next)) {
      part.sets.push(kind.set(next));
      part.changes.push(changed(entity, id, now, next));
    }
  }
  const ids = new Set(wanted.map(kind.id));
  for (const [id, now] of present) {
    if (now.origin !== 'file' || ids.has(id)) continue;
    part.removals.push(kind.remove(id, kind.tenant(now)));
    part.changes.push(removed(entity, id));
  }
  return part;
}

type Bare<T extends EventType> = Omit<DraftOf<T>['data'], 'origin'>;

const customers: Kind<Bare<'CustomerSet'>> = {
  entity: 'customer',
  id: (value) => value.customer,
  tenant: (value) => value.customer,
  set: (data) => ({ type: 'CustomerSet', subject: data.customer, tenant: data.customer, data }),
  remove: (customer, tenant) => ({
    type: 'CustomerRemoved', subject: customer, tenant, data: { customer, origin: 'file' },
  }),
};

const teams: Kind<Bare<'TeamSet'>> = {
  entity: 'team',
  id: (value) => value.team,
  tenant: (value) => value.customer,
  set: (data) => ({ type: 'TeamSet', subject: data.team, tenant: data.customer, data }),
  remove: (team, tenant) => ({
    type: 'TeamRemoved', subject: team, tenant, data: { team, origin: 'file' },
  }),
};

const providers: Kind<Bare<'ProviderConfigured'>> = {
  entity: 'provider',
  id: (value) => value.provider,
  tenant: () => systemTenant,
  set: (data) => ({
    type: 'ProviderConfigured', subject: data.provider, tenant: systemTenant, data,
  }),
  remove: (provider, tenant) => ({
    type: 'ProviderRemoved', subject: provider, tenant, data: { provider, origin: 'file' },
  }),
};

const routes: Kind<Bare<'RouteConfigured'>> = {
  entity: 'route',
  id: (value) => value.model,
  tenant: () => systemTenant,
  set: (data) => ({ type: 'RouteConfigured', subject: data.model, tenant: systemTenant, data }),
  remove: (model, tenant) => ({
    type: 'RouteRemoved', subject: model, tenant, data: { model, origin: 'file' },
  }),
};

