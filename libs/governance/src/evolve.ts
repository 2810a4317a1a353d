// The fold of events.governance: each event names the whole new value of one entity.
import type { Catalogue } from '@libs/events/catalogue';
import { type AnyEvent, type HoldfastEvent, timeMs } from '@libs/events/envelope';
import { evolveEndpoints } from './evolve-endpoints';
import { boundsNothing, limitsName } from './limits';
import { type GovernanceState, initialGovernance, unknownPriceDefault } from './state';

/** The state after `event` of the commit `sequence`. Other events only move the sequence. */
export function evolveGovernance(
  state: GovernanceState, event: AnyEvent, sequence: number,
): GovernanceState {
  return { ...change(state, event), sequence: Math.max(state.sequence, sequence) };
}

/** The state after a whole commit; one without events only moves the sequence. */
export function evolveGovernanceCommit(
  state: GovernanceState, events: readonly AnyEvent[], sequence: number,
): GovernanceState {
  let next = state;
  for (const event of events) next = evolveGovernance(next, event, sequence);
  return next.sequence >= sequence ? next : { ...next, sequence };
}

function change(state: GovernanceState, event: AnyEvent): GovernanceState {
  switch (event.type) {
    case 'KeyCreated': return keyCreated(state, event);
    case 'KeyRevoked': return keyRevoked(state, event.data);
    case 'CustomerSet':
      return { ...state, customers: put(state.customers, event.data.customer, event.data) };
    case 'CustomerRemoved':
      return { ...state, customers: drop(state.customers, event.data.customer) };
    case 'TeamSet': return { ...state, teams: put(state.teams, event.data.team, event.data) };
    case 'TeamRemoved': return { ...state, teams: drop(state.teams, event.data.team) };
    case 'LimitsSet': return limitsSet(state, event);
    case 'ProviderConfigured':
      return { ...state, providers: put(state.providers, event.data.provider, event.data) };
    case 'ProviderRemoved':
      return { ...state, providers: drop(state.providers, event.data.provider) };
    case 'RouteConfigured':
      return { ...state, routes: put(state.routes, event.data.model, event.data) };
    case 'RouteRemoved': return { ...state, routes: drop(state.routes, event.data.model) };
    case 'PriceSet': {
      const { provider, model, price, origin, source } = event.data;
      const id = `${provider}/${model}`;
      return {
        ...state,
        prices: put(state.prices, id, price),
        priceSources: put(state.priceSources, id, { origin, source }),
      };
    }
    case 'PriceRemoved': {
      const id = `${event.data.provider}/${event.data.model}`;
      return {
        ...state, prices: drop(state.prices, id), priceSources: drop(state.priceSources, id),
      };
    }
    case 'WebhookEndpointCreated': case 'WebhookEndpointChanged':
    case 'WebhookEndpointRotated': case 'WebhookEndpointDeleted':
      return { ...state, endpoints: evolveEndpoints(state.endpoints, event, timeMs(event)) };
    case 'SettingsChanged':
      return {
        ...state,
        webhooksAllowPrivate: event.data.webhooks_allow_private,
        sealsContent: event.data.content_encryption !== 'off',
        content: event.data.content ?? null,
        unknownPrice: event.data.unknown_price ?? unknownPriceDefault,
        writeOffAfterMs: writeOffAfterMs(event.data.write_off_after_s),
        settingsOrigin: event.data.origin,
      };
    case 'JobSubmitted': case 'JobCancelRequested': case 'RouterElected': case 'JobRouted':
    case 'JobDeferred': case 'JobDeduplicated': case 'WebhookDue': case 'HoldWrittenOff':
    case 'HoldReconcileRequested': case 'HoldReconciled':
    case 'JobRejected': case 'JobCanceled': case 'JobExpired': case 'AttemptFailed':
    case 'AttemptAbandoned': case 'AttemptReturned': case 'ProviderProbed': case 'PlanExhausted':
    case 'JobSucceeded': case 'JobFailed': case 'WebhookDelivered':
    case 'WebhookAttemptFailed': case 'WebhookExhausted': case 'WebhookRedeliverRequested':
    case 'RequestDenied': case 'AdminActed': case 'CheckpointSigned': case 'ErasureRequested':
    case 'SubjectErased': case 'ContentKeysDestroyed':
      return state;
  }
}

/** A key created again under its id replaces the former one, whose value stops working. */
function keyCreated(state: GovernanceState, event: HoldfastEvent<'KeyCreated'>): GovernanceState {
  const { key: id, hash } = event.data;
  const former = state.keys.get(id)?.created.hash;
  const hashes = former === undefined || former === hash
    ? state.keyIdByHash
    : drop(state.keyIdByHash, former);
  const created = { id, tenant: event.tenant, created: event.data, revoked: false };
  return { ...state, keys: put(state.keys, id, created), keyIdByHash: put(hashes, hash, id) };
}

function keyRevoked(state: GovernanceState, data: Catalogue['KeyRevoked']): GovernanceState {
  const key = state.keys.get(data.key);
  if (key === undefined) return state;
  const revoked = { ...key, revoked: true, revokedBy: data.origin };
  return { ...state, keys: put(state.keys, data.key, revoked) };
}

/** Bounds outlive who they bound: a key made again under its id has not earned a new budget. */
function limitsSet(state: GovernanceState, event: HoldfastEvent<'LimitsSet'>): GovernanceState {
  const name = limitsName(event.data.level, event.data.id);
  if (boundsNothing(event.data)) return { ...state, limits: drop(state.limits, name) };
  return { ...state, limits: put(state.limits, name, { ...event.data, tenant: event.tenant }) };
}

/** The policy as a setting says it; absent: the default. */
export function writeOffAfterMs(seconds: number | null | undefined): number | null {
  if (seconds === undefined) return initialGovernance.writeOffAfterMs;
  return seconds === null ? null : seconds * 1_000;
}

function put<V>(map: ReadonlyMap<string, V>, id: string, value: V): ReadonlyMap<string, V> {
  return new Map(map).set(id, value);
}

function drop<V>(map: ReadonlyMap<string, V>, id: string): ReadonlyMap<string, V> {
  const next = new Map(map);
  next.delete(id);
  return next;
}
