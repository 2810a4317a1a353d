// The shape of holdfast.yaml (api.md, section 6). The JSON Schema for editors is made from it.
import { z } from 'zod';
import { faultOf } from '@libs/conditions/condition';
import { alertType } from '@libs/events/alert-events';
import { contentPolicies, keepDaysMax } from '@libs/events/content-rules';
import { unknownPricePolicies } from '@libs/events/governance-events';
import { continuesWays, strategies } from '@libs/events/routing-policy';
import { type ProviderTypeName, providerTypes } from '@libs/governance/provider-types';
import { accessFields, stateFields } from './access-shape';
import { administrator, oidcFields } from './administrators-shape';
import { limitsFields, timeZoneField } from './limits-shape';
import { discountPercent, priceFields } from './prices-shape';

/** No slash: `provider/model` is split there. */
const id = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._-]*$/, {
  error: 'use letters, digits, ".", "_" and "-", beginning with a letter or digit',
});
const secretText = z.string().min(1).describe(
  'A whole ${NAME}, env:NAME or file:/path. Never the secret itself.',
);
const names = z.union([z.string().min(1).transform((name) => [name]), z.array(z.string().min(1))]);
const milliseconds = z.int().positive().max(86_400_000);
const positive = z.number().positive();
const text = z.record(z.string(), z.string());

const providerTypeNames = Object.keys(providerTypes) as [ProviderTypeName, ...ProviderTypeName[]];

const providerKey = z.strictObject({
  name: id.optional(),
  value: secretText,
  weight: positive.optional(),
  max_in_flight: z.int().positive().optional(),
  rpm: z.int().positive().optional(),
  tpm: z.int().positive().optional(),
  models: names.optional(),
});

const share = z.number().min(0).max(1);
/** Defaults, with the reason of each: libs/routing/src/health/rules.ts and docs/routing.md. */
const health = z.strictObject({
  enabled: z.boolean().optional(),
  failure_share: share.optional(),
  failures_min: z.int().positive().optional(),
  consecutive_failures: z.int().positive().optional(),
  open_ms: milliseconds.optional(),
  open_max_ms: milliseconds.optional(),
  half_open_calls: z.int().positive().optional(),
  close_after: z.int().positive().optional(),
  slow_start_ms: z.int().nonnegative().max(86_400_000).optional(),
  slow_factor: z.number().min(1).optional(),
  slow_min_samples: z.int().positive().optional(),
  pace_below: share.optional(),
  cooling_ms: milliseconds.optional(),
  out_ms: milliseconds.optional(),
  stuck_after_ms: milliseconds.optional(),
});

const provider = z.strictObject({
  id,
  type: z.enum(providerTypeNames),
  base_url: z.url({ protocol: /^https?$/ }).optional(),
  api_key: secretText.optional(),
  keys: z.array(providerKey).min(1).optional(),
  models: names.optional(),
  default_model: z.string().min(1).optional(),
  weight: z.number().nonnegative().optional(),
  fallback: z.boolean().optional(),
  timeouts: z.strictObject({
    connect_ms: milliseconds.optional(),
    first_token_ms: milliseconds.optional(),
    stall_ms: milliseconds.optional(),
    total_ms: milliseconds.optional(),
  }).optional(),
  headers: text.optional(),
  discount_percent: discountPercent.optional().describe(
    'Taken off every price of this provider that names no discount of its own.',
  ),
  continues: z.enum(continuesWays).optional().describe(
    'How this server is made to go on with an answer that has begun; not needed for known providers.',
  ),
  health: health.optional(),
  probes: z.strictObject({
    every_ms: milliseconds.min(1_000).optional(),
    idle_ms: milliseconds.optional(),
    model: z.string().min(1).optional(),
  }).optional(),
});

const strategy = z.enum(strategies);
const target = z.strictObject({
  provider: z.string().min(1), model: z.string().min(1), weight: z.number().nonnegative().optional(),
});
const condition = z.string().min(1).superRefine((value, context) => {
  const fault = faultOf(value);
  if (fault !== null) context.addIssue({ code: 'custom', message: `is not a condition in CEL: ${fault}` });
});

const contentFields = {
  policy: z.enum(contentPolicies).optional().describe(
    'What is kept of prompts and answers when they have done their work; the strictest wins.',
  ),
  keep_days: z.int().min(1).max(keepDaysMax).optional().describe(
    'Content can be read for at least so many days, then its key is destroyed; the smallest wins.',
  ),
  mask_secrets: z.boolean().optional().describe(
    'Secrets in requests are masked before they reach the log or a provider.',
  ),
};
const content = z.strictObject(contentFields);

const route = z.strictObject({
  model: z.string().min(1),
  strategy: strategy.optional(),
  targets: z.array(target).min(1),
  fallbacks: z.strictObject({
    default: names.optional(),
    context_too_long: names.optional(),
    content_filter: names.optional(),
  }).optional(),
  drop_params: z.boolean().optional(),
  rules: z.array(z.strictObject({
    name: z.string().min(1).max(64), when: condition, strategy: strategy.optional(),
    targets: z.array(target).min(1),
  })).max(50).optional(),
  hedge: z.strictObject({
    percent: z.number().min(0).max(100), after_ms: milliseconds.optional(),
  }).optional(),
  retries: z.strictObject({
    same_target: z.int().min(0).max(3).optional(),
    attempts_max: z.int().min(1).max(20).optional(),
  }).optional(),
  continue_on_break: z.boolean().optional(),
  content: content.optional(),
});

const virtualKey = z.strictObject({
  id,
  value: secretText,
  name: z.string().optional(),
  visibility: z.enum(['key', 'team', 'customer']).optional(),
  overlap_s: z.int().nonnegative().max(30 * 86_400).optional().describe(
    'When its value is changed here, the former one goes on working for so many seconds.',
  ),
  expires_at: z.string().refine((value) => !Number.isNaN(Date.parse(value)), {
    error: 'write a date, e.g. 2030-01-31 or 2030-01-31T12:00:00Z',
  }).optional(),
  ...accessFields,
  ...stateFields,
  ...limitsFields,
});

const team = z.strictObject({
  id, name: z.string().optional(), keys: z.array(virtualKey).optional(),
  ...accessFields, ...stateFields, ...limitsFields,
});

const customer = z.strictObject({
  id,
  name: z.string().optional(),
  weight: positive.optional(),
  content: content.optional(),
  time_zone: timeZoneField.optional().describe('For its calendar budgets that name none.'),
  teams: z.array(team).optional(),
  keys: z.array(virtualKey).optional(),
  ...accessFields,
  ...stateFields,
  ...limitsFields,
});

const price = z.strictObject({
  provider: z.string().min(1), model: z.string().min(1), ...priceFields,
});

const alertWebhook = z.strictObject({
  url: z.url({ protocol: /^https?$/ }).optional(),
  endpoint: z.string().regex(/^whe_/, { error: 'names an endpoint by its id, whe_…' }).optional(),
  events: z.array(alertType).min(1).optional().describe('Absent: all of them.'),
}).refine(({ url, endpoint }) => (url === undefined) !== (endpoint === undefined), {
  error: 'needs either url or endpoint',
});

const alerts = z.strictObject({
  key_expiring_days: z.array(positive.max(365)).max(10).optional().describe(
    'Days before its end at which a key is told of; 7 and 1 where nothing is said.',
  ),
  outcome_unknown_after_s: z.int().nonnegative().max(604_800).optional(),
  webhooks: z.array(alertWebhook).max(20).optional(),
});

const governance = z.strictObject({
  unknown_price: z.enum(unknownPricePolicies).optional().describe(
    'What becomes of a call whose price nobody knows; it is never taken for free.',
  ),
  write_off_after_s: z.union([z.int().positive(), z.literal('never')]).optional().describe(
    'A hold whose call nobody heard the end of is written off after so many seconds; 86400 if absent.',
  ),
});

export const holdfastYaml = z.strictObject({
  providers: z.array(provider).min(1).optional(),
  routes: z.array(route).optional(),
  customers: z.array(customer).optional(),
  prices: z.array(price).optional(),
  health: health.optional(),
  webhooks: z.strictObject({ allow_private: z.boolean().optional() }).optional(),
  content: z.strictObject({
    encryption: z.enum(['on', 'off']).optional()
      .describe('Content is encrypted under a key of its data subject, so that it can be erased'),
    ...contentFields,
  }).optional(),
  alerts: alerts.optional(),
  governance: governance.optional(),
  administrators: z.array(administrator).optional(),
  oidc: oidcFields.optional(),
});

export type HoldfastYaml = z.output<typeof holdfastYaml>;
export type ProviderYaml = z.output<typeof provider>;
export type RouteYaml = z.output<typeof route>;
export type CustomerYaml = z.output<typeof customer>;
export type VirtualKeyYaml = z.output<typeof virtualKey>;
export type AlertsYaml = z.output<typeof alerts>;
export type PriceYaml = z.output<typeof price>;

/**
 * Fields of the design that this version does not honour: accepting them would promise a limit that
 * nobody keeps.
 */
export const laterFields: Readonly<Record<string, string>> = {
  budgets: 'budgets stand at customers, teams and keys',
  rate_limits: 'rate limits stand at customers, teams and keys',
  currency: 'amounts are in USD (limit_usd); there is no other currency in this version',
  cache: 'the response cache is not available in this version; remove this section',
  guardrails: 'guardrails are not available in this version; remove this section',
  audit: 'audit settings are not available in this version; remove this section',
  retention: 'say what is kept under `content` (keep_days)',
  cors: 'set the variable HOLDFAST_CORS_ORIGINS instead',
  trust_proxy: 'set the variable HOLDFAST_TRUST_PROXY instead',
};

/** JSON Schema of the file, for editors. */
export function configJsonSchema(): Record<string, unknown> {
  return {
    ...z.toJSONSchema(holdfastYaml, { io: 'input', unrepresentable: 'any' }),
    title: 'holdfast.yaml',
    description: 'Configuration of Holdfast: providers, routes, customers, prices, health, webhooks, '
      + 'alerts, governance.',
  };
}
