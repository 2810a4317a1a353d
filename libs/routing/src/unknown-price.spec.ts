// Rules of calls whose price is not known: never free, refused or allowed as the policy says.
import { describe, expect, test } from '@jest/globals';
import type { Catalogue } from '@libs/events/catalogue';
import type { EventDraft } from '@libs/events/envelope';
import {
  given, governed, ownedPartition, type Partition, providerConfigured, routedOf, run, submitted, summary,
} from './routing-for-specs';

type Policy = NonNullable<Catalogue['SettingsChanged']['unknown_price']>;
const policyOf = (policy: Policy): EventDraft => ({
  type: 'SettingsChanged', subject: 'settings', tenant: 'system',
  data: { webhooks_allow_private: false, unknown_price: policy, origin: 'file' },
});
const priced: EventDraft = {
  type: 'PriceSet', subject: 'one/gpt-4o', tenant: 'system',
  data: {
    provider: 'one', model: 'gpt-4o', source: 'api', origin: 'api',
    price: {
      input_per_token: '0', cached_input_per_token: '0', cache_write_per_token: '0',
      output_per_token: '1', per_request: '0',
    },
  },
};
const budget: EventDraft = {
  type: 'LimitsSet', subject: 'key/key_1', tenant: 'acme',
  data: {
    level: 'key', id: 'key_1', rate_limits: [], max_concurrent: null, origin: 'api',
    budgets: [{ limit_pico_usd: '1000000', window: 'total', calendar: false, models: [], providers: [] }],
  },
};
const both = [providerConfigured('one'), providerConfigured('two')];
const partition = (...drafts: readonly EventDraft[]): Partition =>
  ownedPartition(governed(...both, ...drafts));

describe('where every unknown price is refused', () => {
  test('only what has a price is called, and the routing says so', () => {
    const world = partition(policyOf('refuse'), priced);
    given(world, submitted('a'));
    const [routed] = routedOf(run(world));
    expect(routed?.data.plan.map(({ provider }) => provider)).toEqual(['one']);
    expect(routed?.data.reasons.find(({ provider }) => provider === 'two')).toMatchObject({
      verdict: 'passed_over', reason: 'its price is not known, and calls without a price are refused',
    });
  });

  test('a request that nothing with a price can serve is refused, and operators are told', () => {
    const world = partition(policyOf('refuse'));
    given(world, submitted('a'));
    expect(run(world)).toMatchObject([
      { type: 'JobRejected', data: { reason: 'price_unknown', status: 402, message: expect.stringContaining('one/gpt-4o') } },
      { type: 'AlertRaised', data: { alert: 'price_unknown', provider: expect.any(String), model: 'gpt-4o' } },
      { type: 'AlertRaised', data: { alert: 'price_unknown', provider: expect.any(String), model: 'gpt-4o' } },
    ]);
  });
});

test('by default it is refused only where a budget bounds the request', () => {
  const free = partition();
  given(free, submitted('a'));
  expect(summary(run(free))).toEqual(['JobRouted a']);
  const bounded = partition(budget);
  given(bounded, submitted('a'));
  expect(run(bounded)[0]).toMatchObject({ type: 'JobRejected', data: { reason: 'budget_exceeded', status: 402 } });
});

test('where it is allowed it is called under a budget, too, and no hold is invented', () => {
  const world = partition(policyOf('allow'), budget);
  given(world, submitted('a'));
  const [routed] = routedOf(run(world));
  expect(routed?.data.hold).toBeNull();
});
