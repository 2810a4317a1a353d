// The fold of a job: state and event in, next state out. Never throws: what comes too late, twice or
// for another routing is taken for what it still says (its calls), and changes nothing else.
import type { LinePosition } from '@libs/events/content';
import { type AnyEvent, type HoldfastEvent, timeMs } from '@libs/events/envelope';
import { holdReconciled, holdWrittenOff } from './evolve-hold';
import { deferred, deduplicated, exhausted, abandoned, returned, routed } from './evolve-routing';
import {
  canceled, expired, failed, rejected, succeeded,
} from './evolve-settlement';
import { followDelivery } from './evolve-webhook';
import { hear } from './known-attempts';
import type { JobState } from './state';

/**
 * The job after `event`, which stands at `at`. `undefined`: no such job.
 * The first terminal event in log order is the outcome; later ones are late outcomes.
 */
export function evolve(
  state: JobState | undefined, event: AnyEvent, at: LinePosition,
): JobState | undefined {
  if (state === undefined) return event.type === 'JobSubmitted' ? submitted(event, at) : undefined;
  switch (event.type) {
    case 'JobCancelRequested': return cancelRequested(state, event.data.by);
    case 'JobRouted': return routed(state, event, at);
    case 'JobDeferred': return deferred(state, event.data);
    case 'JobDeduplicated': return deduplicated(state, event.data.of);
    case 'HoldWrittenOff': return holdWrittenOff(state, event.data.routing);
    case 'HoldReconciled': return holdReconciled(state, event);
    case 'AttemptFailed':
      return { ...state, ...hear(state, calls([event.data.attempt])) };
    case 'AttemptAbandoned': return abandoned(state, event.data, at);
    case 'AttemptReturned': return returned(state, event.data.routing);
    case 'PlanExhausted': return exhausted(state, event.data);
    case 'JobRejected': return rejected(state, event, at);
    case 'JobCanceled': return canceled(state, event, at);
    case 'JobExpired': return expired(state, event, at);
    case 'JobSucceeded': return succeeded(state, event, at);
    case 'JobFailed': return failed(state, event, at);
    case 'WebhookDue': case 'WebhookDelivered': case 'WebhookAttemptFailed':
    case 'WebhookExhausted': case 'WebhookRedeliverRequested':
      return followDelivery(state, event);
    case 'JobSubmitted': case 'HoldReconcileRequested': case 'RouterElected': case 'ProviderProbed':
    case 'KeyCreated': case 'KeyChanged': case 'KeyRotated': case 'KeyRevoked':
    case 'AccessSuspended': case 'AccessResumed': case 'CustomerSet': case 'CustomerRemoved':
    case 'TeamSet': case 'TeamRemoved': case 'LimitsSet': case 'BudgetRaised': case 'TimeZoneSet':
    case 'ProviderConfigured': case 'ProviderRemoved':
    case 'RouteConfigured': case 'RouteRemoved': case 'PriceSet': case 'PriceRemoved':
    case 'WebhookEndpointCreated': case 'WebhookEndpointChanged':
    case 'WebhookEndpointRotated': case 'WebhookEndpointDeleted': case 'SettingsChanged':
    case 'RequestDenied': case 'AdminActed': case 'ContentRead': case 'CheckpointSigned':
    case 'AlertRaised': case 'ErasureRequested': case 'SubjectErased': case 'ContentKeysDestroyed':
    case 'AdministratorSet': case 'AdministratorRemoved': case 'OidcConfigured': case 'OidcRemoved':
      return state;
  }
}

function submitted(event: HoldfastEvent<'JobSubmitted'>, at: LinePosition): JobState {
  return {
    phase: 'waiting',
    id: event.subject,
    tenant: event.tenant,
    submitted: event.data,
    at,
    submittedAtMs: timeMs(event),
    attempts: [],
    routings: 0,
    unknownRoutings: [],
    deferrals: 0,
    abandonments: 0,
    cancelRequestedBy: null,
    contentSent: false,
    lastErrors: [],
  };
}

/** The first request counts: it says why the job ended. */
function cancelRequested(state: JobState, by: NonNullable<JobState['cancelRequestedBy']>): JobState {
  if (state.phase === 'settled' || state.phase === 'deduplicated') return state;
  return state.cancelRequestedBy === null ? { ...state, cancelRequestedBy: by } : state;
}

function calls(attempts: Parameters<typeof hear>[1]['attempts']): Parameters<typeof hear>[1] {
  return { attempts, ended: null, leaves: false };
}
