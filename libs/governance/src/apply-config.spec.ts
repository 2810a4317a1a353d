// Rules of applying a configuration: only what differs, in an order that holds, nobody's else's.
import { describe, expect, test } from '@jest/globals';
import { type AnyEvent, type EventDraft, stamp } from '@libs/events/envelope';
import { diffConfig } from './apply-config';
import { catalogueSource, type DesiredConfig, emptyConfig, simulatedSource } from './desired-config';
import { findKey } from './access';
import { cutsOf } from './cuts';
import { evolveGovernance } from './evolve';
import { limitsOf } from './limits';
import { type GovernanceState, initialGovernance } from './state';
import { unpricedModels } from './unpriced';

const price = {
  input_per_token: '1', cached_input_per_token: '1', cache_write_per_token: '1',
  output_per_token: '1', per_request: '0',
};
const key: DesiredConfig['keys'][number] = {
  key: 'k1', customer: 'acme', hash: 'h1', hint: 'hf', team: 'search', name: null, models: [],
  providers: [], visibility: 'team', metadata: {}, expires_at_ms: null,
};
const config: DesiredConfig = {
  customers: [{ customer: 'acme', name: null, weight: 1 }],
  teams: [{ team: 'search', customer: 'acme', name: null }],
  keys: [key],
  providers: [{
    provider: 'openai', kind: 'openai', base_url: 'https://api.openai.com/v1', models: ['*'],
    default_model: null, keys: [{ name: 'main', secret: 'env:K', weight: 1, max_in_flight: null, models: [] }],
    timeouts: { connect_ms: 1, first_token_ms: 1, stall_ms: 1, total_ms: 1 }, weight: 1,
    fallback: true, headers: {},
  }],
  routes: [{
    model: 'chat', strategy: 'weighted', targets: [{ provider: 'openai', model: 'gpt-4o', weight: 1 }],
    fallbacks: { default: [], context_too_long: [], content_filter: [] }, drop_params: false,
  }],
  prices: [{ provider: 'openai', model: 'gpt-4o', price, source: catalogueSource }],
  settings: { webhooks_allow_private: true },
};

function fold(drafts: readonly EventDraft[], from: GovernanceState = initialGovernance): GovernanceState {
  return drafts.reduce((state, draft, index) =>
    evolveGovernance(state, stamp(draft, `e${index}`, 0), state.sequence + 1), from);
}

const applied = fold(diffConfig(initialGovernance, config, 0).events);

/** The same entities as made by the API. */
function byApi(drafts: readonly EventDraft[]): EventDraft[] {
  return drafts.map((draft) => ({ ...draft, data: { ...draft.data, origin: 'api' } }) as AnyEvent);
}

describe('applying a configuration', () => {
  test('makes what is missing, each after what it names', () => {
    const { events, changes, conflicts } = diffConfig(initialGovernance, config, 0);
    expect(events.map(({ type }) => type)).toEqual([
      'CustomerSet', 'TeamSet', 'ProviderConfigured', 'PriceSet', 'RouteConfigured', 'KeyCreated',
      'SettingsChanged',
    ]);
    expect(changes.every(({ action }) => action === 'create' || action === 'change')).toBe(true);
    expect(conflicts).toEqual([]);
    expect(events.find(({ type }) => type === 'KeyCreated')).toMatchObject({ tenant: 'acme', subject: 'k1' });
  });

  test('a second time changes nothing', () => {
    expect(diffConfig(applied, config, 0)).toEqual({ events: [], changes: [], conflicts: [] });
    expect(diffConfig(applied, JSON.parse(JSON.stringify(config)) as DesiredConfig, 0).events).toEqual([]);
  });

  test('names only what differs', () => {
    const weight = { ...config, customers: [{ customer: 'acme', name: null, weight: 2 }] };
    expect(diffConfig(applied, weight, 0).changes).toEqual([{
      action: 'change', entity: 'customer', id: 'acme', fields: [{ field: 'weight', before: 1, after: 2 }],
    }]);
  });

  test('removes what left the file, users before what they use', () => {
    const { events } = diffConfig(applied, emptyConfig, 0);
    expect(events.map(({ type }) => type)).toEqual([
      'SettingsChanged', 'KeyRevoked', 'RouteRemoved', 'ProviderRemoved', 'TeamRemoved', 'CustomerRemoved',
    ]);
    const after = fold(events, applied);
    expect([after.providers.size, after.routes.size, after.webhooksAllowPrivate]).toEqual([0, 0, false]);
    expect(after.keys.get('k1')?.revoked).toBe(true);
    expect(diffConfig(after, emptyConfig, 0).events).toEqual([]);
  });

  test('leaves alone what the API made, and says where both want the same', () => {
    const state = fold(byApi(diffConfig(initialGovernance, config, 0).events));
    expect(diffConfig(state, emptyConfig, 0).events).toEqual([]);
    const { events, conflicts } = diffConfig(state, { ...config, settings: { webhooks_allow_private: false } }, 0);
    expect(events).toEqual([]);
    expect(conflicts.map(({ entity }) => entity))
      .toEqual(['customer', 'team', 'provider', 'route', 'key', 'settings']);
  });

  test('when holds are written off is set, changed and set back, and old settings mean a day', () => {
    const from = (writeOff: object): DesiredConfig =>
      ({ ...emptyConfig, settings: { webhooks_allow_private: false, ...writeOff } });
    const hour = fold(diffConfig(initialGovernance, from({ write_off_after_s: 3_600 }), 0).events);
    expect(hour.writeOffAfterMs).toBe(3_600_000);
    expect(diffConfig(hour, from({ write_off_after_s: 3_600 }), 0).events).toEqual([]);
    const never = fold(diffConfig(hour, from({ write_off_after_s: null }), 0).events, hour);
    expect(never.writeOffAfterMs).toBeNull();
    expect(fold(diffConfig(never, emptyConfig, 0).events, never).writeOffAfterMs).toBe(86_400_000);
  });

  test('a price that a person set wins over the catalogue in silence, over the file with a word', () => {
    const state = fold(byApi(diffConfig(initialGovernance, config, 0).events));
    const dearer = { ...price, per_request: '5' };
    const from = (source: string): DesiredConfig =>
      ({ ...emptyConfig, prices: [{ provider: 'openai', model: 'gpt-4o', price: dearer, source }] });
    expect(diffConfig(state, from(catalogueSource), 0)).toEqual({ events: [], changes: [], conflicts: [] });
    expect(diffConfig(state, from('holdfast.yaml'), 0).conflicts).toHaveLength(1);
    expect(diffConfig(applied, from('holdfast.yaml'), 0).events[0]?.type).toBe('PriceSet');
  });

  test('a price that left the file is no more; one of the catalogue stays', () => {
    const own = { provider: 'openai', model: 'house', price, source: 'holdfast.yaml' };
    const state = fold(diffConfig(applied, { ...config, prices: [...config.prices, own] }, 0).events, applied);
    const { events, changes } = diffConfig(state, { ...config, prices: [] }, 0);
    expect(changes).toEqual([{ action: 'remove', entity: 'price', id: 'openai/house', fields: [] }]);
    expect([...fold(events, state).prices.keys()]).toEqual(['openai/gpt-4o']);
  });

  test('a key that is named anew in the file keeps its value, and cuts nobody off', () => {
    const renamed = { ...config, keys: [{ ...key, key: 'k2' }] };
    const { events, conflicts } = diffConfig(applied, renamed, 0);
    expect(conflicts).toEqual([]);
    expect(events.map(({ type, subject }) => `${type} ${subject}`)).toEqual(['KeyCreated k2', 'KeyRevoked k1']);
    const after = fold(events, applied);
    expect(findKey(after, 'h1', 0)).toMatchObject({ ok: true, key: { id: 'k2' } });
    const used = [{ key: 'k1', atMs: 0, models: [], open_jobs: 1 }];
    expect(cutsOf(applied, after, used, { nowMs: 0, withinMs: 60_000 })).toEqual([]);
    expect(diffConfig(applied, { ...config, keys: [key, { ...key, key: 'k2' }] }, 0).conflicts).toMatchObject([{ id: 'k2' }]);
    const revoked = fold([{ type: 'KeyRevoked', subject: 'k1', tenant: 'acme', data: { key: 'k1', reason: '', origin: 'api' } }], applied);
    expect(diffConfig(revoked, renamed, 0).conflicts).toMatchObject([{ id: 'k2', message: 'key k2 has the same value as key k1' }]);
  });

  test('of a file that says nothing of providers, those that are there stay, with their prices and settings', () => {
    const simulated = fold(diffConfig(initialGovernance, {
      ...config, routes: [], prices: [{ provider: 'openai', model: 'gpt-4o', price, source: simulatedSource }],
    }, 0).events);
    const file: DesiredConfig = {
      ...emptyConfig, customers: config.customers, teams: config.teams, keys: config.keys,
    };
    expect(diffConfig(simulated, { ...file, names_providers: false }, 0).changes).toEqual([]);
    expect(diffConfig(simulated, file, 0).changes.map(({ action, entity }) => `${action} ${entity}`))
      .toEqual(['remove provider', 'remove price', 'change settings']);
  });

  test('the policy for unknown prices is set, and goes back to its default with the file', () => {
    const refusing = { ...config, settings: { webhooks_allow_private: true, unknown_price: 'refuse' as const } };
    const state = fold(diffConfig(applied, refusing, 0).events, applied);
    expect(state.unknownPrice).toBe('refuse');
    expect(fold(diffConfig(state, config, 0).events, state).unknownPrice).toBe('refuse_under_budget');
  });
});

test('what is named and has no price is listed, with where it is named', () => {
  const house = { provider: 'openai', model: 'house', weight: 1 };
  const [route] = config.routes;
  const state = fold(diffConfig(initialGovernance, {
    ...config, routes: [{ ...route!, targets: [...route!.targets, house] }],
  }, 0).events);
  expect(unpricedModels(state)).toEqual([{ provider: 'openai', model: 'house', namedBy: ['route chat'] }]);
});

describe('limits of a file', () => {
  const bound = {
    customer: 'acme', level: 'key' as const, id: 'k1', budgets: [], max_concurrent: null,
    rate_limits: [{ requests: 5, window: 'minute' as const, models: [] }],
  };
  const bounded = { ...config, limits: [bound] };

  test('are set without touching whom they bound, and lifted when they leave the file', () => {
    const { events } = diffConfig(applied, bounded, 0);
    expect(events).toMatchObject([{ type: 'LimitsSet', subject: 'key/k1', tenant: 'acme' }]);
    const state = fold(events, applied);
    expect(state.keys.get('k1')).toBe(applied.keys.get('k1'));
    expect(limitsOf(state, { tenant: 'acme', team: 'search', key: 'k1' })).toMatchObject([{ id: 'k1' }]);
    expect(limitsOf(state, { tenant: 'other', team: null, key: 'k1' })).toEqual([]);
    expect(diffConfig(state, bounded, 0).events).toEqual([]);
    const lifted = fold(diffConfig(state, config, 0).events, state);
    expect(lifted.limits.size).toBe(0);
  });

  test('are shown in USD, and a raise that an administrator made is no part of them', () => {
    const budgets = [{ limit_pico_usd: '25500000000000', window: 'week' as const, calendar: false, models: [], providers: [] }];
    const state = fold(diffConfig(applied, { ...config, limits: [{ ...bound, budgets }] }, 0).events, applied);
    const { limit_pico_usd: limit, ...scope } = budgets[0]!;
    const raised = fold([{
      type: 'BudgetRaised', subject: 'key/k1', tenant: 'acme',
      data: { level: 'key', id: 'k1', raise: 'r', budget: scope, add_pico_usd: limit, until_ms: 9, reason: '', origin: 'api' },
    }], state);
    const more = [{ ...budgets[0]!, limit_pico_usd: '26500000000000' }];
    expect(diffConfig(raised, { ...config, limits: [{ ...bound, budgets: more }] }, 0).changes).toEqual([{
      action: 'change', entity: 'limits', id: 'key/k1',
      fields: [{ field: 'budgets', before: [{ limit_usd: '25.5', ...scope }], after: [{ limit_usd: '26.5', ...scope }] }],
    }]);
  });

  test('come before the key that they bound', () => {
    const types = diffConfig(initialGovernance, bounded, 0).events.map(({ type }) => type);
    expect(types.indexOf('LimitsSet')).toBeLessThan(types.indexOf('KeyCreated'));
  });

  test('that an administrator set stay, with a word', () => {
    const state = fold(byApi(diffConfig(applied, bounded, 0).events), applied);
    expect(diffConfig(state, config, 0).events).toEqual([]);
    expect(diffConfig(state, bounded, 0).conflicts).toMatchObject([{ entity: 'limits', id: 'key/k1' }]);
  });
});

describe('keys of a file', () => {
  const revoke = (origin: 'api' | 'file'): EventDraft =>
    ({ type: 'KeyRevoked', subject: 'k1', tenant: 'acme', data: { key: 'k1', reason: '', origin } });

  test('what an administrator revoked is not brought back, except with a new value', () => {
    const state = fold([revoke('api')], applied);
    const { events, conflicts } = diffConfig(state, config, 0);
    expect(events).toEqual([]);
    expect(conflicts[0]?.message).toContain('was revoked');
    expect(diffConfig(state, { ...config, keys: [{ ...key, hash: 'h2' }] }, 0).events).toHaveLength(1);
  });

  test('what the file itself had removed comes back with it', () => {
    expect(diffConfig(fold([revoke('file')], applied), config, 0).events.map(({ type }) => type)).toEqual(['KeyCreated']);
  });

  test('two keys never share a value', () => {
    const { conflicts } = diffConfig(applied, { ...config, keys: [key, { ...key, key: 'k2' }] }, 0);
    expect(conflicts).toMatchObject([{ entity: 'key', id: 'k2' }]);
    const fresh = diffConfig(initialGovernance, { ...emptyConfig, keys: [key, { ...key, key: 'k2' }] }, 0);
    expect([fresh.events.length, fresh.conflicts.length]).toEqual([1, 1]);
  });

  test('a key that moves to another customer is made anew', () => {
    const moved = { ...config, keys: [{ ...key, customer: 'other' }] };
    expect(diffConfig(applied, moved, 0).events).toMatchObject([{ type: 'KeyCreated', tenant: 'other' }]);
  });
});
