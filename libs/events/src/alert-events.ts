// What somebody should hear of: raised by the owner of a partition, once each, whatever restarts.
// The envelope's subject is the alert's id, its tenant the customer, or `system` for operators only.
import { z } from 'zod';
import { attemptErrorClass } from './attempt-errors';
import { budgetWindow, limitLevel } from './limits';
import { amountPicoUsd } from './usage';

/** Webhook type of each alert. */
export const alertTypes = {
  budget_threshold: 'budget.threshold',
  key_expiring: 'key.expiring',
  price_unknown: 'price.unknown',
  outcome_unknown: 'outcome.unknown',
  provider_key_disabled: 'provider_key.disabled',
} as const;
export type AlertKind = keyof typeof alertTypes;
export const alertKinds = Object.keys(alertTypes) as [AlertKind, ...AlertKind[]];

export const alertType = z.enum([
  alertTypes.budget_threshold, alertTypes.key_expiring, alertTypes.price_unknown,
  alertTypes.outcome_unknown, alertTypes.provider_key_disabled,
]);
export type AlertType = z.infer<typeof alertType>;

/** Those that are about one customer: its own endpoints may ask for them. */
export const customerAlertTypes = [
  alertTypes.budget_threshold, alertTypes.key_expiring, alertTypes.outcome_unknown,
] as const;

const raised = {
  /** Endpoints that are told. */
  webhooks: z.array(z.string()),
  /** Last sequence folded when this was decided; with `now_ms` it can be made again. */
  seen: z.number().int(),
  now_ms: z.number().int(),
};

const budgetThreshold = z.object({
  alert: z.literal('budget_threshold'),
  level: limitLevel,
  id: z.string(),
  /** Name of its account in the ledger. */
  account: z.string(),
  budget: z.object({
    window: budgetWindow, calendar: z.boolean(), models: z.array(z.string()),
    providers: z.array(z.string()),
    /** It refuses nothing. */
    soft: z.boolean(),
  }),
  percent: z.number().int(),
  /** 10⁻¹² USD, whole numbers. */
  spent: z.string(),
  held: z.string(),
  limit: z.string(),
  /** When a calendar window begins anew; null: it rolls or never ends. */
  window_ends_at_ms: z.number().int().nullable(),
  /** Not all of it is spent, but a request did not fit into what was left. */
  refused: z.literal(true).optional(),
  ...raised,
});

const keyExpiring = z.object({
  alert: z.literal('key_expiring'),
  key: z.string(),
  name: z.string().nullable(),
  team: z.string().nullable(),
  expires_at_ms: z.number().int(),
  /** Which of the configured times before it this is. */
  before_ms: z.number().int(),
  ...raised,
});

const priceUnknown = z.object({
  alert: z.literal('price_unknown'),
  provider: z.string(),
  model: z.string(),
  /** UTC, `2026-01-31`. */
  day: z.string(),
  ...raised,
});

const outcomeUnknown = z.object({
  alert: z.literal('outcome_unknown'),
  job: z.string(),
  routing: z.number().int(),
  /** null: nobody knows whether a call was made. */
  attempt_id: z.string().nullable(),
  provider: z.string(),
  key: z.string(),
  model: z.string(),
  since_ms: z.number().int(),
  /** What it holds; null: it could not be estimated. */
  hold_pico_usd: amountPicoUsd.nullable(),
  /** Further ones of the same customer and provider, up to `until_ms`, that this alert tells, too. */
  others: z.number().int(),
  others_hold_pico_usd: amountPicoUsd,
  until_ms: z.number().int(),
  ...raised,
});

const providerKeyDisabled = z.object({
  alert: z.literal('provider_key_disabled'),
  provider: z.string(),
  key: z.string(),
  error: attemptErrorClass,
  since_ms: z.number().int(),
  ...raised,
});

export const alertRaised = z.discriminatedUnion('alert', [
  budgetThreshold, keyExpiring, priceUnknown, outcomeUnknown, providerKeyDisabled,
]);
export type AlertData = z.infer<typeof alertRaised>;

/** When alerts are raised, and whom operators have told of all customers' and the system's. */
export const alertSettings = z.object({
  /** Before a key expires, ms. */
  key_expiring_ms: z.array(z.number().int().positive()),
  outcome_unknown_after_ms: z.number().int().nonnegative(),
  endpoints: z.array(z.object({ endpoint: z.string(), events: z.array(alertType) })),
});
export type AlertSettings = z.infer<typeof alertSettings>;
