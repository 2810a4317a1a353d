// Current version of each event type, and the upcasters that lift older ones.
import type { EventType } from './catalogue';

/** Version a writer stamps today. */
export const currentVersion: Readonly<Record<EventType, number>> = {
  JobSubmitted: 1, JobCancelRequested: 1, RouterElected: 1, JobRouted: 1, JobDeferred: 1,
  JobDeduplicated: 1, WebhookDue: 1, HoldWrittenOff: 1, JobRejected: 1, JobCanceled: 1,
  JobExpired: 1, AttemptFailed: 1, AttemptAbandoned: 1, AttemptReturned: 1, ProviderProbed: 1,
  PlanExhausted: 1, HoldReconcileRequested: 1, HoldReconciled: 1,
  JobSucceeded: 1, JobFailed: 1, WebhookDelivered: 1, WebhookAttemptFailed: 1,
  WebhookExhausted: 1, WebhookRedeliverRequested: 1, KeyCreated: 1, KeyRevoked: 1,
  KeyChanged: 1, KeyRotated: 1, AccessSuspended: 1, AccessResumed: 1,
  CustomerSet: 1, CustomerRemoved: 1, TeamSet: 1, TeamRemoved: 1, LimitsSet: 1,
  BudgetRaised: 1, TimeZoneSet: 1,
  ProviderConfigured: 1,
  ProviderRemoved: 1, RouteConfigured: 1, RouteRemoved: 1, PriceSet: 1, PriceRemoved: 1,
  WebhookEndpointCreated: 1, WebhookEndpointChanged: 1, WebhookEndpointRotated: 1,
  WebhookEndpointDeleted: 1, SettingsChanged: 1, RequestDenied: 1, AdminActed: 1,
  ContentRead: 1, CheckpointSigned: 1, AlertRaised: 1, ErasureRequested: 1, SubjectErased: 1,
  ContentKeysDestroyed: 1, AdministratorSet: 1, AdministratorRemoved: 1, OidcConfigured: 1,
  OidcRemoved: 1,
};

/** Lifts data of `version` to `version + 1`. Pure. */
export type Upcaster = (data: unknown) => unknown;

/** Upcasters by type and the version they start from. None yet: every type is at version 1. */
export const upcasters: Readonly<Partial<Record<EventType, Readonly<Record<number, Upcaster>>>>> = {};
