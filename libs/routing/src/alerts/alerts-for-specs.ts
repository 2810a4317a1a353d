// For the specs of alerts: budgets, prices and endpoints, and jobs that cost so much.
import type { AlertData, AlertSettings } from '@libs/events/alert-events';
import type { Catalogue } from '@libs/events/catalogue';
import type { DraftOf, EventDraft } from '@libs/events/envelope';
import { defaultAlerts } from '@libs/governance/alert-settings';
import {
  attemptOf, given, governed, ownedPartition, type Partition, providerConfigured, routedOf, run, submitted,
  succeeded,
} from '../routing-for-specs';

export const minuteMs = 60_000;
export const dayMs = 86_400_000;
type Budget = Catalogue['LimitsSet']['budgets'][number];

export const budgetSet = (limit: number, changes: Partial<Budget> = {}): EventDraft => ({
  type: 'LimitsSet', subject: 'key/key_1', tenant: 'acme',
  data: {
    level: 'key', id: 'key_1', rate_limits: [], max_concurrent: null, origin: 'api',
    budgets: [{ limit_pico_usd: String(limit), window: 'day', calendar: true, models: [], providers: [], ...changes }],
  },
});
/** 2 per token of output, so that a request of 50 may cost 100. */
export const priced: EventDraft = {
  type: 'PriceSet', subject: 'one/gpt-4o', tenant: 'system',
  data: {
    provider: 'one', model: 'gpt-4o', source: 'api', origin: 'api',
    price: {
      input_per_token: '0', cached_input_per_token: '0', cache_write_per_token: '0',
      output_per_token: '2', per_request: '0',
    },
  },
};
export const endpoint = (id: string, changes: Partial<Catalogue['WebhookEndpointCreated']> = {}, tenant = 'acme'): EventDraft => ({
  type: 'WebhookEndpointCreated', subject: id, tenant,
  data: {
    endpoint: id, url: 'https://example.com', generation: 1, description: null, events: [],
    ad_hoc: false, key: null, origin: 'api', ...changes,
  },
});
export const settings = (alerts: Partial<AlertSettings>): EventDraft => ({
  type: 'SettingsChanged', subject: 'webhooks', tenant: 'system',
  data: { webhooks_allow_private: false, origin: 'file', alerts: { ...defaultAlerts, ...alerts } },
});
export const withBudget = (...governance: EventDraft[]): Partition =>
  ownedPartition(governed(providerConfigured('one'), priced, ...governance));

const usage = { input_tokens: 10, cached_input_tokens: 0, cache_write_tokens: 0, output_tokens: 5, reasoning_tokens: 0 };
export function costing(routed: DraftOf<'JobRouted'>, cost: number | null): DraftOf<'JobSucceeded'> {
  const draft = succeeded(routed);
  const attempt = attemptOf(routed, { usage, cost_pico_usd: cost === null ? null : String(cost) });
  return { ...draft, data: { ...draft.data, attempts: [{ ...attempt, attempt_id: `att_${draft.subject}` }] } };
}
let jobs = 0;
/** Runs one job that costs so much; what was raised after it. */
export function spend(partition: Partition, cost: number | null): DraftOf<'AlertRaised'>[] {
  const id = `job_${jobs += 1}`;
  given(partition, submitted(id, { deadline_at_ms: partition.nowMs + minuteMs }));
  const drafts = run(partition);
  const [routed] = routedOf(drafts);
  if (routed === undefined) throw new Error(`${id} was not routed`);
  const end = costing(routed, cost);
  // Told twice, as a redelivered commit does.
  given(partition, end, end);
  return [...raised(drafts), ...raised(run(partition))];
}
export const raised = (drafts: readonly EventDraft[]): DraftOf<'AlertRaised'>[] =>
  drafts.filter((draft): draft is DraftOf<'AlertRaised'> => draft.type === 'AlertRaised');
export const percents = (drafts: readonly DraftOf<'AlertRaised'>[]): unknown[] =>
  drafts.map(({ data }) => data.alert === 'budget_threshold' && data.percent);
export const dataOf = (drafts: readonly EventDraft[]): Partial<AlertData>[] =>
  raised(drafts).map(({ data }) => data);
