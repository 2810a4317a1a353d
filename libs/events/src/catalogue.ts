// The one catalogue of events: every type with the schema of its current version.
// An added optional field keeps the version; anything else is a new version with an upcaster.
import { type z } from 'zod';
import * as access from './access-events';
import * as administrator from './administrator-events';
import { alertRaised } from './alert-events';
import { contentKeysDestroyed } from './content-rules';
import * as erasure from './erasure-events';
import * as governance from './governance-events';
import * as job from './job-events';
import * as limits from './limits';
import * as webhook from './webhook-events';

export const schemas = {
  JobSubmitted: job.jobSubmitted,
  JobCancelRequested: job.jobCancelRequested,
  HoldReconcileRequested: job.holdReconcileRequested,
  RouterElected: job.routerElected,
  JobRouted: job.jobRouted,
  JobDeferred: job.jobDeferred,
  JobDeduplicated: job.jobDeduplicated,
  WebhookDue: job.webhookDue,
  HoldWrittenOff: job.holdWrittenOff,
  HoldReconciled: job.holdReconciled,
  JobRejected: job.jobRejected,
  JobCanceled: job.jobCanceled,
  JobExpired: job.jobExpired,
  AlertRaised: alertRaised,
  AttemptFailed: job.attemptFailed,
  AttemptAbandoned: job.attemptAbandoned,
  AttemptReturned: job.attemptReturned,
  ProviderProbed: job.providerProbed,
  PlanExhausted: job.planExhausted,
  JobSucceeded: job.jobSucceeded,
  JobFailed: job.jobFailed,
  WebhookDelivered: webhook.webhookDelivered,
  WebhookAttemptFailed: webhook.webhookAttemptFailed,
  WebhookExhausted: webhook.webhookExhausted,
  WebhookRedeliverRequested: webhook.webhookRedeliverRequested,
  KeyCreated: governance.keyCreated,
  KeyChanged: governance.keyChanged,
  KeyRotated: governance.keyRotated,
  KeyRevoked: governance.keyRevoked,
  AccessSuspended: governance.accessSuspended,
  AccessResumed: governance.accessResumed,
  CustomerSet: governance.customerSet,
  CustomerRemoved: governance.customerRemoved,
  TeamSet: governance.teamSet,
  TeamRemoved: governance.teamRemoved,
  LimitsSet: governance.limitsSet,
  BudgetRaised: limits.budgetRaised,
  TimeZoneSet: limits.timeZoneSet,
  ProviderConfigured: governance.providerConfigured,
  ProviderRemoved: governance.providerRemoved,
  RouteConfigured: governance.routeConfigured,
  RouteRemoved: governance.routeRemoved,
  PriceSet: governance.priceSet,
  PriceRemoved: governance.priceRemoved,
  WebhookEndpointCreated: governance.webhookEndpointCreated,
  WebhookEndpointChanged: governance.webhookEndpointChanged,
  WebhookEndpointRotated: governance.webhookEndpointRotated,
  WebhookEndpointDeleted: governance.webhookEndpointDeleted,
  SettingsChanged: governance.settingsChanged,
  ErasureRequested: erasure.erasureRequested,
  SubjectErased: erasure.subjectErased,
  AdministratorSet: administrator.administratorSet,
  AdministratorRemoved: administrator.administratorRemoved,
  OidcConfigured: administrator.oidcConfigured,
  OidcRemoved: administrator.oidcRemoved,
  ContentKeysDestroyed: contentKeysDestroyed,
  RequestDenied: access.requestDenied,
  AdminActed: access.adminActed,
  ContentRead: access.contentRead,
  CheckpointSigned: access.checkpointSigned,
} as const;

export type EventType = keyof typeof schemas;

/** Data of each event type in its current version. */
export type Catalogue = { readonly [T in EventType]: z.infer<(typeof schemas)[T]> };
