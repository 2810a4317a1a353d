// The governance state: a fold of events.governance. Immutable; small; every service has one.
import type { OidcConfig } from '@libs/events/administrator-events';
import type { AlertSettings } from '@libs/events/alert-events';
import { type ContentRules } from '@libs/events/content-rules';
import type { Catalogue } from '@libs/events/catalogue';
import type {
  LimitsConfig, Origin, ProviderConfig, RouteConfig, UnknownPricePolicy,
} from '@libs/events/governance-events';
import type { BudgetRaise, LimitLevel, TimeZoneOffsets } from '@libs/events/limits';
import type { Price } from '@libs/events/usage';
import { defaultAlerts } from './alert-settings';

export interface VirtualKey {
  readonly id: string;
  readonly tenant: string;
  readonly created: Catalogue['KeyCreated'];
  readonly revoked: boolean;
  /** Who revoked it: what an administrator revoked, a file does not bring back. */
  readonly revokedBy?: Origin;
  /** Values it had before, the latest last, and until when each works. */
  readonly former?: readonly { readonly hash: string; readonly untilMs: number }[];
}

export interface Suspension {
  readonly level: LimitLevel;
  readonly id: string;
  readonly reason: string;
  readonly origin: Origin;
  readonly tenant: string;
  readonly sinceMs: number;
}

export interface WebhookEndpoint {
  readonly id: string;
  readonly tenant: string;
  readonly url: string;
  readonly generation: number;
  /** The generation before still signs too until then. */
  readonly oldUntilMs: number | null;
  readonly description: string | null;
  readonly events: readonly string[];
  readonly state: 'active' | 'disabled' | 'deleted';
  readonly adHoc: boolean;
  readonly key: string | null;
  readonly createdAtMs: number;
}

/** Bounds of a customer, a team or a key; `tenant`: whose partition keeps the accounts. */
export interface Limits extends LimitsConfig {
  readonly tenant: string;
  /** Of its budgets; those that have ended, too, for a while. */
  readonly raises: readonly BudgetRaise[];
  /** Of the time zones that its budgets name. */
  readonly zones: ReadonlyMap<string, TimeZoneOffsets>;
}

export interface Administrator {
  readonly id: string;
  readonly set: Catalogue['AdministratorSet'];
  readonly revoked: boolean;
  /** Who revoked it: what an administrator revoked, a file does not bring back. */
  readonly revokedBy?: Origin;
}

export interface GovernanceState {
  /** Last sequence of events.governance folded; 0 for none. */
  readonly sequence: number;
  readonly keys: ReadonlyMap<string, VirtualKey>;
  /** Key id by SHA-256 of its value, and of values it had. */
  readonly keyIdByHash: ReadonlyMap<string, string>;
  readonly customers: ReadonlyMap<string, Catalogue['CustomerSet']>;
  readonly teams: ReadonlyMap<string, Catalogue['TeamSet']>;
  /** What is stopped now, by `level/id`. */
  readonly suspensions: ReadonlyMap<string, Suspension>;
  /** By `level/id`; one that bounds nothing is not in it. */
  readonly limits: ReadonlyMap<string, Limits>;
  /** Temporary raises of budgets, by `level/id`; they outlive what they raise, and end by themselves. */
  readonly raises: ReadonlyMap<string, readonly BudgetRaise[]>;
  readonly timeZones: ReadonlyMap<string, Catalogue['TimeZoneSet']>;
  readonly providers: ReadonlyMap<string, ProviderConfig>;
  readonly routes: ReadonlyMap<string, RouteConfig>;
  /** By `provider/model`. */
  readonly prices: ReadonlyMap<string, Price>;
  /** Who set a price and where it comes from, by `provider/model`. */
  readonly priceSources: ReadonlyMap<string, { readonly origin: Origin; readonly source: string }>;
  readonly endpoints: ReadonlyMap<string, WebhookEndpoint>;
  readonly administrators: ReadonlyMap<string, Administrator>;
  /** Administrator by SHA-256 of a token, that before a rotation included. */
  readonly administratorIdByHash: ReadonlyMap<string, string>;
  /** Whose logins are taken; null: nobody's. */
  readonly oidc: OidcConfig | null;
  readonly webhooksAllowPrivate: boolean;
  /** Content is sealed by its data subject's key. */
  readonly sealsContent: boolean;
  /** What is kept of content, for everything; null: nothing is said. */
  readonly content: ContentRules | null;
  readonly alerts: AlertSettings;
  readonly unknownPrice: UnknownPricePolicy;
  /** A hold whose call's end nobody learned is written off after so long; null: never. */
  readonly writeOffAfterMs: number | null;
  /** Who set the settings last; null: nobody. */
  readonly settingsOrigin: Origin | null;
}

/** Tenant of what belongs to no customer. */
export const systemTenant = 'system';

/** Money that is bounded stays bounded; a model of one's own that has no price still works. */
export const unknownPriceDefault: UnknownPricePolicy = 'refuse_under_budget';

export const initialGovernance: GovernanceState = {
  sequence: 0,
  keys: new Map(),
  keyIdByHash: new Map(),
  customers: new Map(),
  teams: new Map(),
  suspensions: new Map(),
  limits: new Map(),
  raises: new Map(),
  timeZones: new Map(),
  providers: new Map(),
  routes: new Map(),
  prices: new Map(),
  priceSources: new Map(),
  endpoints: new Map(),
  administrators: new Map(),
  administratorIdByHash: new Map(),
  oidc: null,
  webhooksAllowPrivate: false,
  sealsContent: true,
  content: null,
  alerts: defaultAlerts,
  unknownPrice: unknownPriceDefault,
  // A day: who can still be heard of, a worker that was away with its outcome, is back long before.
  writeOffAfterMs: 86_400_000,
  settingsOrigin: null,
};
