// The fold of events.governance: each event names the whole new value of one entity.
import type { Catalogue } from '@libs/events/catalogue';
import { type AnyEvent, timeMs } from '@libs/events/envelope';
import { defaultAlerts } from './alert-settings';
import { evolveAdministrators } from './evolve-administrators';
import { evolveEndpoints } from './evolve-endpoints';
import {
  ended, keyChanged, keyCreated, keyRevoked, keyRotated, resumed, suspended,
} from './evolve-keys';
import { budgetRaised, limitsSet, timeZoneSet } from './evolve-limits';
import { drop, put } from './maps';
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
    case 'KeyChanged': return keyChanged(state, event.data);
    case 'KeyRotated': return keyRotated(state, event.data);
    case 'KeyRevoked': return keyRevoked(state, event.data);
    case 'AccessSuspended': return suspended(state, event);
    case 'AccessResumed': return resumed(state, event.data);
    case 'CustomerSet':
      return { ...state, customers: put(state.customers, event.data.customer, event.data) };
    case 'CustomerRemoved': {
      const { customer: id, origin } = event.data;
      const left = { ...state, customers: drop(state.customers, id) };
      return ended(left, { level: 'customer', id, origin });
    }
    case 'TeamSet': return { ...state, teams: put(state.teams, event.data.team, event.data) };
    case 'TeamRemoved': {
      const { team: id, origin } = event.data;
      return ended({ ...state, teams: drop(state.teams, id) }, { level: 'team', id, origin });
    }
    case 'LimitsSet': return limitsSet(state, event);
    case 'BudgetRaised': return budgetRaised(state, event);
    case 'TimeZoneSet': return timeZoneSet(state, event.data);
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
    case 'SettingsChanged': return settingsChanged(state, event.data);
    case 'AdministratorSet': case 'AdministratorRemoved':
      return { ...state, ...evolveAdministrators(state, event) };
    case 'OidcConfigured': return { ...state, oidc: event.data };
    case 'OidcRemoved': return { ...state, oidc: null };
    case 'JobSubmitted': case 'JobCancelRequested': case 'RouterElected': case 'JobRouted':
    case 'JobDeferred': case 'JobDeduplicated': case 'WebhookDue': case 'HoldWrittenOff':
    case 'HoldReconcileRequested': case 'HoldReconciled':
    case 'JobRejected': case 'JobCanceled': case 'JobExpired': case 'AttemptFailed':
    case 'AttemptAbandoned': case 'AttemptReturned': case 'ProviderProbed': case 'PlanExhausted':
    case 'JobSucceeded': case 'JobFailed': case 'WebhookDelivered': case 'WebhookAttemptFailed':
    case 'WebhookExhausted': case 'WebhookRedeliverRequested': case 'RequestDenied':
    case 'AdminActed': case 'ContentRead': case 'CheckpointSigned': case 'AlertRaised':
    case 'ErasureRequested': case 'SubjectErased': case 'ContentKeysDestroyed':
      return state;
  }
}

function settingsChanged(
  state: GovernanceState, data: Catalogue['SettingsChanged'],
): GovernanceState {
  return {
    ...state,
    webhooksAllowPrivate: data.webhooks_allow_private,
    sealsContent: data.content_encryption !== 'off',
    content: data.content ?? null,
    alerts: data.alerts ?? defaultAlerts,
    unknownPrice: data.unknown_price ?? unknownPriceDefault,
    writeOffAfterMs: writeOffAfterMs(data.write_off_after_s),
    settingsOrigin: data.origin,
  };
}

/** The policy as a setting says it; absent: the default. */
export function writeOffAfterMs(seconds: number | null | undefined): number | null {
  if (seconds === undefined) return initialGovernance.writeOffAfterMs;
  return seconds === null ? null : seconds * 1_000;
}
