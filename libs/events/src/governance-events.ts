// Facts about what is configured: who may ask, which providers exist, how models are routed.
// Each names the whole new value of one entity; `origin` says who owns it.
import { z } from 'zod';
import { contentRules } from './content-rules';
import { accessRules, denials } from './access-rules';
import { alertSettings } from './alert-events';
import { budget, concurrentLimit, limitLevel, rateLimit } from './limits';
import { continuesWay, healthRules, hedging, probes, retries, routeRule, strategy, target } from './routing-policy';
import { price } from './usage';

export const origin = z.enum(['file', 'api', 'system']);
export type Origin = z.infer<typeof origin>;

/** `env:NAME` or `file:/path`; never the secret itself. */
export const secretRef = z.string().regex(/^(env:|file:)/);

export const keyCreated = z.object({
  key: z.string(),
  /** SHA-256 of the key's value, hex. */
  hash: z.string(),
  /** First characters, for people. */
  hint: z.string(),
  team: z.string().nullable(),
  name: z.string().nullable(),
  /** Allowed models as globs; empty: all. */
  models: z.array(z.string()),
  providers: z.array(z.string()),
  visibility: z.enum(['key', 'team', 'customer']),
  metadata: z.record(z.string(), z.string()),
  expires_at_ms: z.number().int().nullable(),
  ...denials,
  origin,
});
/** Everything of a key but its value, which stays as it is. */
export const keyChanged = keyCreated.omit({ hash: true, hint: true });
/** The former value works until then. */
export const keyRotated = z.object({
  key: z.string(), hash: z.string(), hint: z.string(), old_until_ms: z.number().int(), origin,
});
export const keyRevoked = z.object({ key: z.string(), reason: z.string(), origin });

/** Stops a customer, a team or a key, and all that is below it. */
export const accessSuspended = z.object({ level: limitLevel, id: z.string(), reason: z.string(), origin });
export const accessResumed = z.object({ level: limitLevel, id: z.string(), origin });

export const customerSet = z.object({
  customer: z.string(),
  name: z.string().nullable(),
  weight: z.number(),
  ...accessRules,
  /** For calendar budgets of its levels that name none. */
  time_zone: z.string().optional(),
  content: contentRules.optional(),
  origin,
});
export const customerRemoved = z.object({ customer: z.string(), origin });
export const teamSet = z.object({
  team: z.string(), customer: z.string(), name: z.string().nullable(), ...accessRules, origin,
});
export const teamRemoved = z.object({ team: z.string(), origin });

/**
 * All bounds of one customer, team or key; empty lists and null lift them. An event of its own, so
 * that who is bounded stays as it is (ADR 12).
 */
export const limitsSet = z.object({
  level: limitLevel,
  id: z.string(),
  budgets: z.array(budget),
  rate_limits: z.array(rateLimit),
  /** Calls under way at the same time. */
  max_concurrent: z.number().int().positive().nullable(),
  /** The same by model. */
  concurrent: z.array(concurrentLimit).optional(),
  origin,
});
export type LimitsConfig = z.infer<typeof limitsSet>;

export const timeouts = z.object({
  connect_ms: z.number().int().positive(),
  first_token_ms: z.number().int().positive(),
  stall_ms: z.number().int().positive(),
  total_ms: z.number().int().positive(),
});

export const providerKey = z.object({
  name: z.string(),
  secret: secretRef.nullable(),
  weight: z.number().positive(),
  /** null: no bound of its own. */
  max_in_flight: z.number().int().positive().nullable(),
  models: z.array(z.string()),
  /** Requests and tokens per minute that it may be given; absent: no bound of our own. */
  rpm: z.number().int().positive().optional(),
  tpm: z.number().int().positive().optional(),
});
export type ProviderKey = z.infer<typeof providerKey>;

export const providerConfigured = z.object({
  provider: z.string(),
  /** Which API it speaks. */
  kind: z.enum(['openai', 'anthropic']),
  base_url: z.string(),
  /** `*` alone: any model. */
  models: z.array(z.string()),
  default_model: z.string().nullable(),
  keys: z.array(providerKey).min(1),
  timeouts,
  /** Part in the default route: its share, and whether others may fall back to it. */
  weight: z.number(),
  fallback: z.boolean(),
  headers: z.record(z.string(), z.string()),
  /** How its server goes on with an answer that has begun; absent: as is known of its type. */
  continues: continuesWay.optional(),
  health: healthRules.optional(),
  /** Absent: no background probes. */
  probes: probes.optional(),
  origin,
});
export type ProviderConfig = z.infer<typeof providerConfigured>;
export const providerRemoved = z.object({ provider: z.string(), origin });

export const routeConfigured = z.object({
  /** The name that clients ask for. */
  model: z.string(),
  strategy,
  targets: z.array(target).min(1),
  fallbacks: z.object({
    default: z.array(z.string()),
    context_too_long: z.array(z.string()),
    content_filter: z.array(z.string()),
  }),
  drop_params: z.boolean(),
  rules: z.array(routeRule).optional(),
  hedge: hedging.optional(),
  retries: retries.optional(),
  /** A stream that breaks behind content is gone on with elsewhere; absent: it ends with an error. */
  continue_on_break: z.boolean().optional(),
  content: contentRules.optional(),
  origin,
});
export type RouteConfig = z.infer<typeof routeConfigured>;
export const routeRemoved = z.object({ model: z.string(), origin });

/** Price of one model at one provider. */
export const priceSet = z.object({ provider: z.string(), model: z.string(), price, source: z.string(), origin });
/** From then on it is not known, unless a pattern has it. */
export const priceRemoved = z.object({ provider: z.string(), model: z.string(), origin });

export const webhookEndpointCreated = z.object({
  endpoint: z.string(),
  url: z.string(),
  /** Counts up with each rotation; the secret is derived from it. */
  generation: z.number().int(),
  description: z.string().nullable(),
  /** Types it wants; empty: all. */
  events: z.array(z.string()),
  /** Made for a URL given with a job. */
  ad_hoc: z.boolean(),
  /** The key that made it. */
  key: z.string().nullable(),
  origin,
});
export const webhookEndpointChanged = z.object({
  endpoint: z.string(),
  url: z.string().optional(),
  description: z.string().nullable().optional(),
  events: z.array(z.string()).optional(),
  state: z.enum(['active', 'disabled']).optional(),
  reason: z.string().optional(),
  origin,
});
export const webhookEndpointRotated = z.object({ endpoint: z.string(), generation: z.number().int(), old_until_ms: z.number().int(), origin });
export const webhookEndpointDeleted = z.object({ endpoint: z.string(), origin });

/** What becomes of a call whose price is not known. */
export const unknownPricePolicies = ['refuse', 'refuse_under_budget', 'allow'] as const;
export type UnknownPricePolicy = (typeof unknownPricePolicies)[number];

export const settingsChanged = z.object({
  webhooks_allow_private: z.boolean(),
  /** Absent: `refuse_under_budget`. */
  unknown_price: z.enum(unknownPricePolicies).optional(),
  /** Absent: on. */
  content_encryption: z.enum(['on', 'off']).optional(),
  /** What is kept of content where neither customer nor route is stricter. */
  content: contentRules.optional(),
  /** Absent: the defaults (libs/governance/src/alert-settings.ts). */
  alerts: alertSettings.optional(),
  /** A hold of unknown end is written off after so long; null: never; absent: after a day. */
  write_off_after_s: z.number().int().positive().nullable().optional(),
  origin,
});
