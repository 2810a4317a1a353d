// Rules of governance: exact money, who may do what, what a model name means, its fold.
import { describe, expect, test } from '@jest/globals';
import type { Catalogue, EventType } from '@libs/events/catalogue';
import { type EventDraft, stamp } from '@libs/events/envelope';
import type { ProviderConfig, RouteConfig } from '@libs/events/governance-events';
import type { Price, Usage } from '@libs/events/usage';
import { seededRandom } from '@libs/test-kit/seeded-random';
import { findKey, mayUseModel, maySee, whoOf } from './access';
import { costOf } from './cost';
import { evolveGovernance } from './evolve';
import { matchesGlob } from './glob';
import { listModels } from './list-models';
import { fallbackTargets, resolveModel } from './models';
import { addPico, picoFromUsdDecimalString, sumKnownPico, usdFromPico } from './money';
import { policiesOf, providerDenial } from './policy';
import { priceOf } from './prices';
import { type GovernanceState, initialGovernance } from './state';

const price: Price = {
  input_per_token: '100', cached_input_per_token: '10', cache_write_per_token: '125',
  output_per_token: '400', per_request: '7',
};
const usage: Usage = {
  input_tokens: 1_000, cached_input_tokens: 600, cache_write_tokens: 100, output_tokens: 50,
  reasoning_tokens: 20,
};

function fold(...drafts: EventDraft[]): GovernanceState {
  return drafts.reduce((state, draft, index) =>
    evolveGovernance(state, stamp(draft, `e${index}`, 1_000), index + 1), initialGovernance);
}

function draft<T extends EventType>(type: T, data: Catalogue[T], tenant = 'acme'): EventDraft {
  return { type, subject: 'x', tenant, data } as EventDraft;
}

function provider(id: string, changes: Partial<ProviderConfig> = {}): EventDraft {
  return draft('ProviderConfigured', {
    provider: id, kind: 'openai', base_url: `http://${id}/v1`, models: ['*'], default_model: null,
    keys: [{ name: 'main', secret: null, weight: 1, max_in_flight: null, models: [] }],
    timeouts: { connect_ms: 1, first_token_ms: 1, stall_ms: 1, total_ms: 1 }, weight: 1,
    fallback: true, headers: {}, origin: 'file', ...changes,
  });
}

const openai = provider('openai', {
  base_url: 'https://api.openai.com/v1', default_model: 'gpt-4o-mini', weight: 70,
});
const anthropic = provider('anthropic', {
  kind: 'anthropic', base_url: 'https://api.anthropic.com', default_model: 'claude-sonnet-4-5',
  weight: 30, fallback: false,
});

function route(changes: Partial<RouteConfig> = {}): EventDraft {
  return draft('RouteConfigured', {
    model: 'chat', strategy: 'priority',
    targets: [{ provider: 'openai', model: 'gpt-4o', weight: 1 }, { provider: 'gone', model: 'm', weight: 1 }],
    fallbacks: { default: ['anthropic/claude-haiku-4-5'], context_too_long: [], content_filter: [] },
    drop_params: true, origin: 'file', ...changes,
  });
}

function targetsOf(state: GovernanceState, model: string): unknown {
  const resolved = resolveModel(state, model);
  return resolved.ok
    ? resolved.targets.map((target) => [target.provider.provider, target.model, target.weight, target.fallback])
    : resolved.reason;
}

function keyCreated(changes: Partial<Catalogue['KeyCreated']> = {}, tenant = 'acme'): EventDraft {
  return draft('KeyCreated', {
    key: 'k1', hash: 'h1', hint: 'hf-…', team: null, name: null, models: [], providers: [],
    visibility: 'key', metadata: {}, expires_at_ms: null, origin: 'api', ...changes,
  }, tenant);
}

describe('money', () => {
  test('a call costs its plain, cached and written tokens, its output, and a price per request', () => {
    expect(costOf(usage, price)).toBe(String(300 * 100 + 600 * 10 + 100 * 125 + 50 * 400 + 7));
  });

  test('what is not known costs null, never zero', () => {
    expect(costOf(null, price)).toBeNull();
    expect(costOf(usage, null)).toBeNull();
    expect(sumKnownPico([null, null])).toBeNull();
    expect(sumKnownPico([null, '3', '4'])).toBe('7');
  });

  test('a long prompt puts the whole call into the last tier it passes', () => {
    const tiered = { ...price, tiers: [{ ...price, above_input_tokens: 999, input_per_token: '200' }] };
    expect(costOf(usage, tiered)).toBe(addPico(costOf(usage, price) ?? '', String(300 * 100)));
    expect(costOf({ ...usage, input_tokens: 999 }, tiered)).toBe(costOf({ ...usage, input_tokens: 999 }, price));
  });

  test('more cached tokens than input tokens do not make a negative cost', () => {
    const odd = { ...usage, input_tokens: 10, cached_input_tokens: 50, cache_write_tokens: 50 };
    expect(costOf(odd, { ...price, per_request: '0' })).toBe(String(10 * 10 + 50 * 400));
  });

  test('is exact where floats are not', () => {
    const dear = { ...price, output_per_token: '90071992547409931', per_request: '0' };
    const only = { ...usage, input_tokens: 0, cached_input_tokens: 0, cache_write_tokens: 0, output_tokens: 3 };
    expect(costOf(only, dear)).toBe('270215977642229793');
    expect(addPico('9007199254740993', '1')).toBe('9007199254740994');
  });

  test.each([
    ['0', '0'], ['1', '0.000000000001'], ['123000000', '0.000123'], ['-2500000000000', '-2.5'],
    ['1000000000000', '1'], ['12000000000000', '12'],
  ])('%s pico-USD is %s USD, and back', (pico, usd) => {
    expect(usdFromPico(pico)).toBe(usd);
    expect(picoFromUsdDecimalString(usd)).toBe(pico);
  });

  test('amounts survive the way to dollars and back', () => {
    const random = seededRandom(3);
    for (let run = 0; run < 2_000; run += 1) {
      const pico = String(BigInt(random.whole(0, 2 ** 50)) * BigInt(random.whole(1, 10 ** 6)));
      expect(picoFromUsdDecimalString(usdFromPico(pico))).toBe(pico);
    }
  });

  test('dollars are read as people and programs write them, not otherwise', () => {
    expect(picoFromUsdDecimalString('1.5e-7')).toBe('150000');
    expect(picoFromUsdDecimalString('2E3')).toBe('2000000000000000');
    expect(picoFromUsdDecimalString('0.0000000000010')).toBe('1');
    for (const wrong of ['', 'abc', '1,5', '0.0000000000001', '1e-13', '.', 'NaN', '1e9999']) {
      expect(picoFromUsdDecimalString(wrong)).toBeNull();
    }
  });
});

describe('names', () => {
  test.each([
    ['gpt-4o', 'gpt-4o', true], ['gpt-4o', 'gpt-4o-mini', false], ['gpt-*', 'gpt-4o', true],
    ['*', '', true], ['*-mini', 'gpt-4o-mini', true], ['a*a', 'a', false], ['a*b*c', 'a-b-c', true],
    ['a*b*c', 'a-c-b', false], ['a.c', 'abc', false], ['*ab*ab', 'ab', false], ['**', 'x', true],
  ])('%s matches %s: %s', (pattern, name, matches) => {
    expect(matchesGlob(pattern, name)).toBe(matches);
  });
});

describe('keys', () => {
  test('are found by hash until they expire or are revoked', () => {
    const state = fold(keyCreated({ expires_at_ms: 5_000 }));
    expect(findKey(state, 'h1', 4_999)).toMatchObject({ ok: true, key: { id: 'k1', tenant: 'acme' } });
    expect(findKey(state, 'h1', 5_000)).toMatchObject({ ok: false, reason: 'key_expired', atMs: 5_000 });
    expect(findKey(state, 'h2', 0)).toEqual({ ok: false, reason: 'unknown_key' });
    const revoked = fold(keyCreated(), draft('KeyRevoked', { key: 'k1', reason: '', origin: 'api' }));
    expect(findKey(revoked, 'h1', 0)).toMatchObject({ ok: false, reason: 'key_revoked' });
  });

  test('a new value ends the old one', () => {
    const state = fold(keyCreated(), keyCreated({ hash: 'h2' }));
    expect(findKey(state, 'h1', 0).ok).toBe(false);
    expect(findKey(state, 'h2', 0).ok).toBe(true);
  });

  test('allow all models and providers, or those they list', () => {
    const may = (event: EventDraft, models: readonly string[], providers: readonly string[]): boolean[] => {
      const state = fold(event);
      const key = state.keys.get('k1')!;
      const policies = policiesOf(state, whoOf(key));
      return [
        ...models.map((model) => mayUseModel(state, key, model)),
        ...providers.map((provider) => providerDenial(policies, provider) === null),
      ];
    };
    expect(may(keyCreated(), ['x'], ['x'])).toEqual([true, true]);
    const bound = keyCreated({ models: ['chat', 'gpt-*'], providers: ['openai'] });
    expect(may(bound, ['chat', 'gpt-4o', 'claude'], ['openai', 'x'])).toEqual([true, true, false, true, false]);
  });

  test.each([
    ['key', null, [true, false, false, false]],
    ['team', 't1', [true, true, false, false]],
    ['team', null, [true, false, false, false]],
    ['customer', null, [true, true, true, false]],
  ] as const)('visibility %s, team %s', (visibility, team, expected) => {
    const key = fold(keyCreated({ visibility, team })).keys.get('k1')!;
    const owners = [
      { tenant: 'acme', team, key: 'k1' }, { tenant: 'acme', team: 't1', key: 'k2' },
      { tenant: 'acme', team: 't2', key: 'k3' }, { tenant: 'other', team, key: 'k1' },
    ];
    expect(owners.map((owner) => maySee(key, owner))).toEqual(expected);
  });
});

describe('a model name', () => {
  const both = fold(openai, anthropic);

  test('is a route first; targets whose provider is gone are left out', () => {
    const state = fold(openai, anthropic, route());
    expect(targetsOf(state, 'chat')).toEqual([['openai', 'gpt-4o', 1, true]]);
    expect(resolveModel(state, 'chat')).toMatchObject({ strategy: 'priority', dropParams: true });
    expect(targetsOf(fold(anthropic, route()), 'chat')).toBe('no_such_model');
  });

  test('is split at a slash only behind a provider\'s id', () => {
    expect(targetsOf(both, 'openai/gpt-4o')).toEqual([['openai', 'gpt-4o', 1, true]]);
    const router = fold(provider('openrouter', { base_url: 'https://openrouter.ai/api/v1' }));
    expect(targetsOf(router, 'meta/llama-3')).toEqual([['openrouter', 'meta/llama-3', 1, true]]);
    expect(targetsOf(router, 'openrouter/meta/llama-3')).toEqual([['openrouter', 'meta/llama-3', 1, true]]);
    expect(targetsOf(fold(provider('p', { models: ['m1'] })), 'p/m2')).toBe('no_such_model');
  });

  test('without routes goes to all: who has it uses it, the others their default model', () => {
    expect(targetsOf(both, 'gpt-4o')).toEqual([
      ['openai', 'gpt-4o', 70, true], ['anthropic', 'claude-sonnet-4-5', 30, false],
    ]);
    expect(targetsOf(both, 'claude-opus-4-1')).toEqual([
      ['openai', 'gpt-4o-mini', 70, true], ['anthropic', 'claude-opus-4-1', 30, false],
    ]);
  });

  test('with routes goes only to those that have it', () => {
    expect(targetsOf(fold(openai, anthropic, route()), 'claude-opus-4-1'))
      .toEqual([['anthropic', 'claude-opus-4-1', 30, false]]);
  });

  test('that nobody lists does not exist', () => {
    expect(targetsOf(fold(provider('p', { models: ['m1', 'n-*'] })), 'm2')).toBe('no_such_model');
    expect(targetsOf(fold(provider('p', { models: ['m1', 'n-*'] })), 'n-2')).toEqual([['p', 'n-2', 1, true]]);
    expect(targetsOf(initialGovernance, 'm')).toBe('no_providers');
  });

  test('of a provider without a default model is not answered by that provider', () => {
    const state = fold(openai, provider('local', { models: ['m1'] }));
    expect(targetsOf(state, 'gpt-4o')).toEqual([['openai', 'gpt-4o', 70, true]]);
  });

  test('in a fallback list stands for one target, or for all that have it', () => {
    const named = (names: string[]): unknown => fallbackTargets(both, names)
      .map((target) => [target.provider.provider, target.model]);
    expect(named(['anthropic/claude-haiku-4-5', 'gpt-4o', 'gone/x-1'])).toEqual([
      ['anthropic', 'claude-haiku-4-5'], ['openai', 'gpt-4o'],
      ['openai', 'gone/x-1'], ['anthropic', 'gone/x-1'],
    ]);
  });

  test('is listed once: routes, listed names, defaults and priced models', () => {
    const state = fold(openai, provider('p', { models: ['m1', 'n-*', 'chat'] }), route(),
      draft('PriceSet', { provider: 'openai', model: 'gpt-4o', price, source: 's', origin: 'file' }));
    expect(listModels(state, () => true).map(({ id, owned_by }) => `${id} ${owned_by}`)).toEqual([
      'chat holdfast', 'gpt-4o-mini openai', 'gpt-4o openai', 'm1 p',
    ]);
    expect(listModels(state, (id) => id === 'm1')).toHaveLength(1);
  });
});

test('a price is found by its exact name, else by the longest pattern', () => {
  const set = (model: string, per_request: string): EventDraft =>
    draft('PriceSet', { provider: 'p', model, price: { ...price, per_request }, source: 's', origin: 'file' });
  const state = fold(set('*', '1'), set('m-*', '2'), set('m-1', '3'));
  const found = ['m-1', 'm-2', 'x'].map((model) => priceOf(state, 'p', model)?.per_request);
  expect(found).toEqual(['3', '2', '1']);
  expect(priceOf(state, 'q', 'm-1')).toBeNull();
});

describe('webhook endpoints', () => {
  const created = draft('WebhookEndpointCreated', {
    endpoint: 'whe_1', url: 'https://a', generation: 1, description: 'd', events: ['job.failed'],
    ad_hoc: false, key: 'k1', origin: 'api',
  });
  const changed = (data: Partial<Catalogue['WebhookEndpointChanged']>): EventDraft =>
    draft('WebhookEndpointChanged', { endpoint: 'whe_1', origin: 'api', ...data });

  test('change only what is named', () => {
    const state = fold(created, changed({ url: 'https://b' }), changed({ description: null, state: 'disabled' }));
    expect(state.endpoints.get('whe_1')).toMatchObject({
      tenant: 'acme', url: 'https://b', description: null, events: ['job.failed'],
      state: 'disabled', generation: 1, createdAtMs: 1_000,
    });
  });

  test('rotate, and stay deleted', () => {
    const rotated = fold(created, draft('WebhookEndpointRotated', { endpoint: 'whe_1', generation: 2, old_until_ms: 9, origin: 'api' }));
    expect(rotated.endpoints.get('whe_1')).toMatchObject({ generation: 2, oldUntilMs: 9 });
    const gone = draft('WebhookEndpointDeleted', { endpoint: 'whe_1', origin: 'api' });
    expect(fold(created, gone, changed({ state: 'active' })).endpoints.get('whe_1')?.state).toBe('deleted');
    expect(fold(gone).endpoints.size).toBe(0);
  });
});

test('the fold is immutable and counts the sequences it has seen', () => {
  const before = fold(openai);
  const after = evolveGovernance(before, stamp(draft('ProviderRemoved', { provider: 'openai', origin: 'file' }), 'e', 0), 9);
  expect([before.providers.size, after.providers.size, after.sequence]).toEqual([1, 0, 9]);
  const other = stamp(draft('AdminActed', { actor: 'a', act: 'b', about: 'c', detail: {} }), 'e', 0);
  expect(evolveGovernance(after, other, 10)).toEqual({ ...after, sequence: 10 });
});
