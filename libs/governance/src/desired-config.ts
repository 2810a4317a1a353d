// What a configuration asks for: the whole desired state, as sent to PUT /admin/v1/config.
import { z } from 'zod';
import { administratorSet, oidcConfigured } from '@libs/events/administrator-events';
import {
  accessSuspended, customerSet, keyCreated, limitsSet, priceSet, providerConfigured, routeConfigured,
  settingsChanged, teamSet, webhookEndpointCreated,
} from '@libs/events/governance-events';
import { exactPrice } from './exact-price';

export const desiredConfig = z.object({
  customers: z.array(customerSet.omit({ origin: true })),
  teams: z.array(teamSet.omit({ origin: true })),
  /** With the customer they belong to. */
  keys: z.array(keyCreated.omit({ origin: true }).extend({
    customer: z.string(),
    /** How long its former value goes on when it gets another; absent: not at all. */
    overlap_s: z.number().int().nonnegative().optional(),
  })),
  /** Those that are stopped, with the customer whose they are. */
  suspensions: z.array(accessSuspended.omit({ origin: true }).extend({ customer: z.string() }))
    .optional(),
  /** Bounds of the above, with the customer whose they are. */
  limits: z.array(limitsSet.omit({ origin: true }).extend({ customer: z.string() })).optional(),
  providers: z.array(providerConfigured.omit({ origin: true })),
  /**
   * false: nothing is said of providers. Those that are there stay (`holdfast up` takes them from the
   * environment, or simulates them), with what came with them: made-up prices, and settings if none are named.
   */
  names_providers: z.literal(false).optional(),
  routes: z.array(routeConfigured.omit({ origin: true })),
  prices: z.array(priceSet.omit({ origin: true }).extend({ price: exactPrice })),
  /** Where operators are told of alerts, with an id that follows from the URL. */
  alert_endpoints: z.array(
    webhookEndpointCreated.pick({ endpoint: true, url: true, events: true }),
  ).optional(),
  /** null: not said, so the defaults, unless the API has set them. */
  settings: settingsChanged.omit({ origin: true }).nullable(),
  administrators: z.array(administratorSet.omit({ origin: true, former: true })).optional(),
  oidc: oidcConfigured.omit({ origin: true }).nullable().optional(),
});
export type DesiredConfig = z.infer<typeof desiredConfig>;

/** Prices with this source come from the shipped catalogue; any price that a person set wins. */
export const catalogueSource = 'genai-prices';

/** Of made-up prices of simulated providers. */
export const simulatedSource = 'simulated';

export const emptyConfig: DesiredConfig = {
  customers: [], teams: [], keys: [], providers: [], routes: [], prices: [], settings: null,
};
