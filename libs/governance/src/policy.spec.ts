// Rules of access: all levels together, denied wins, parameters in bounds, states of keys.
import { describe, expect, test } from '@jest/globals';
import type { Catalogue } from '@libs/events/catalogue';
import { type EventDraft, stamp } from '@libs/events/envelope';
import { findKey, keyStateOf, mayUseModel, stoppedBy, suspensionText, whoOf } from './access';
import { evolveGovernance } from './evolve';
import { boundParams } from './param-limits';
import { denialText, modelDenial, policiesOf, targetDenial } from './policy';
import { type GovernanceState, initialGovernance } from './state';

const timeouts = { connect_ms: 1, first_token_ms: 1, stall_ms: 1, total_ms: 1 };
const base: EventDraft[] = [
  { type: 'CustomerSet', subject: 'acme', tenant: 'acme', data: { customer: 'acme', name: null, weight: 1, origin: 'api' } },
  { type: 'TeamSet', subject: 'search', tenant: 'acme', data: { team: 'search', customer: 'acme', name: null, origin: 'api' } },
  {
    type: 'ProviderConfigured', subject: 'openai', tenant: 'system',
    data: {
      provider: 'openai', kind: 'openai', base_url: 'https://x', models: ['*'], default_model: null,
      keys: [{ name: 'main', secret: null, weight: 1, max_in_flight: null, models: [] }], timeouts,
      weight: 1, fallback: true, headers: {}, origin: 'api',
    },
  },
];
const keyData: Catalogue['KeyCreated'] = {
  key: 'k1', hash: 'h1', hint: 'hf_a', team: 'search', name: null, models: [], providers: [],
  visibility: 'team', metadata: {}, expires_at_ms: null, origin: 'api',
};
const key = (changes: Partial<Catalogue['KeyCreated']> = {}): EventDraft =>
  ({ type: 'KeyCreated', subject: 'k1', tenant: 'acme', data: { ...keyData, ...changes } });
const customer = (rules: object): EventDraft =>
  ({ type: 'CustomerSet', subject: 'acme', tenant: 'acme', data: { customer: 'acme', name: null, weight: 1, ...rules, origin: 'api' } });
const team = (rules: object): EventDraft =>
  ({ type: 'TeamSet', subject: 'search', tenant: 'acme', data: { team: 'search', customer: 'acme', name: null, ...rules, origin: 'api' } });
const rotated = (hash: string, untilMs: number): EventDraft =>
  ({ type: 'KeyRotated', subject: 'k1', tenant: 'acme', data: { key: 'k1', hash, hint: 'hf_b', old_until_ms: untilMs, origin: 'api' } });
const suspended = (level: 'customer' | 'team' | 'key', id: string, origin: 'api' | 'file' = 'api'): EventDraft =>
  ({ type: 'AccessSuspended', subject: `${level}/${id}`, tenant: 'acme', data: { level, id, reason: 'unpaid', origin } });

function fold(...drafts: readonly EventDraft[]): GovernanceState {
  return [...base, ...drafts].reduce((state, draft, index) =>
    evolveGovernance(state, stamp(draft, `e${index}`, 1_000), state.sequence + 1), initialGovernance);
}
const who = { tenant: 'acme', team: 'search', key: 'k1' };
const verdict = (state: GovernanceState, model: string): string | null => {
  const denial = modelDenial(state, policiesOf(state, who), model);
  return denial === null ? null : denialText(denial);
};

describe('models and providers', () => {
  test('what a customer denies, no key below it may use, whatever allows it', () => {
    const state = fold(customer({ denied_models: ['gpt-4o*'] }), key({ models: ['gpt-4o', 'small'] }));
    expect(verdict(state, 'gpt-4o')).toBe('customer acme denies gpt-4o*');
    expect(verdict(state, 'openai/gpt-4o-mini')).toBe('customer acme denies gpt-4o*');
    expect(verdict(state, 'small')).toBeNull();
    expect(mayUseModel(state, state.keys.get('k1')!, 'gpt-4o')).toBe(false);
  });

  test('every level that lists what it allows must list it', () => {
    const state = fold(team({ models: ['small*', 'chat'] }), key({ models: ['small', 'big'] }));
    expect(['small', 'big', 'chat'].map((model) => verdict(state, model)))
      .toEqual([null, 'team search allows only small*, chat', 'key k1 allows only small, big']);
  });

  test('a name with a provider in front may not go round what is said of providers', () => {
    const state = fold(team({ denied_providers: ['open*'] }), key());
    expect(verdict(state, 'openai/x')).toBe('team search denies open*');
    expect(verdict(state, 'x')).toBeNull();
  });

  test('a denied model is not called under another name either', () => {
    const policies = policiesOf(fold(customer({ denied_models: ['gpt-4o*'] }), key()), who);
    expect(targetDenial(policies, { provider: 'openai', model: 'gpt-4o' })).toMatchObject({ level: 'customer' });
    expect(targetDenial(policies, { provider: 'openai', model: 'small' })).toBeNull();
  });

  test('a route is no model of a key for which all that stands behind it is denied', () => {
    const route = (fallbacks: string[] = []): EventDraft => ({
      type: 'RouteConfigured', subject: 'chat', tenant: 'system',
      data: {
        model: 'chat', strategy: 'priority', targets: [{ provider: 'openai', model: 'gpt-4o', weight: 1 }],
        fallbacks: { default: fallbacks, context_too_long: [], content_filter: [] }, drop_params: false, origin: 'api',
      },
    });
    const reaches = (...drafts: EventDraft[]): boolean => {
      const state = fold(...drafts);
      return mayUseModel(state, state.keys.get('k1')!, 'chat');
    };
    expect(reaches(route(), key())).toBe(true);
    expect(reaches(route(), customer({ denied_models: ['gpt-4o*'] }), key())).toBe(false);
    expect(reaches(route(['openai/small']), customer({ denied_models: ['gpt-4o*'] }), key())).toBe(true);
    expect(reaches(route(), team({ denied_providers: ['open*'] }), key())).toBe(false);
  });

  test('nothing is looked for where nothing is ruled', () => {
    expect(policiesOf(fold(key()), who)).toEqual([]);
  });

  test('a team of another customer rules nothing here', () => {
    const moved: EventDraft = {
      type: 'TeamSet', subject: 'search', tenant: 'other',
      data: { team: 'search', customer: 'other', name: null, denied_models: ['x'], origin: 'api' },
    };
    expect(verdict(fold(key(), moved), 'x')).toBeNull();
  });
});

describe('parameters', () => {
  const bound = (params: object, body: object, more: readonly EventDraft[] = []) => {
    const state = fold(team({ params: { refused: [], clamp: false, ...params } }), key(), ...more);
    return boundParams(policiesOf(state, who),
      { endpoint: '/v1/chat/completions', body: { model: 'chat', ...body } }, () => 'gpt-4o');
  };

  test('over the cap are refused, with the cap and whose it is', () => {
    expect(bound({ max_tokens: 100 }, { max_tokens: 101 })).toEqual({
      ok: false, param: 'max_tokens', code: 'over_cap',
      message: "'max_tokens' of 101 is over the cap of 100 tokens of team search. Ask for at most 100.",
    });
    expect(bound({ max_tokens: 100 }, { max_completion_tokens: 101, max_tokens: 5 })).toMatchObject({ ok: false });
    expect(bound({ max_tokens: 100 }, { max_tokens: 100 })).toMatchObject({ ok: true, clamped: [] });
  });

  test('are brought into bounds where that is said, and named', () => {
    const range = { min: 0.2, max: 0.8 };
    expect(bound({ max_tokens: 100, temperature: range, clamp: true }, { max_tokens: 900, temperature: 2 }))
      .toEqual({ ok: true, body: { model: 'chat', max_tokens: 100, temperature: 0.8 }, clamped: ['max_tokens', 'temperature'] });
    expect(bound({ temperature: range, clamp: true }, { temperature: 0 })).toMatchObject({ body: { temperature: 0.2 } });
  });

  test('out of the range of temperatures are refused', () => {
    expect(bound({ temperature: { min: 0, max: 1 } }, { temperature: 1.5 })).toMatchObject({
      ok: false, param: 'temperature',
      message: "'temperature' of 1.5 is out of the range of team search, which is 0 to 1.",
    });
  });

  test('that a level refuses are refused, clamped or not', () => {
    expect(bound({ refused: ['tools', 'logit_bias'], clamp: true }, { logit_bias: { 1: 2 } })).toMatchObject({
      ok: false, param: 'logit_bias',
      message: "'logit_bias' may not be used: team search refuses tools, logit_bias. Leave it out.",
    });
  });

  test('that name no bound get the least cap of all levels, in the field that the model takes', () => {
    const acme = customer({ params: { max_tokens: 50, refused: [], clamp: false } });
    expect(bound({ max_tokens: 100 }, {}, [acme])).toMatchObject({ body: { max_completion_tokens: 50 }, clamped: [] });
    const state = fold(team({ params: { max_tokens: 10, refused: [], clamp: false } }), key());
    const of = (endpoint: Parameters<typeof boundParams>[1]['endpoint'], body: Record<string, unknown>) =>
      boundParams(policiesOf(state, who), { endpoint, body }, () => 'llama-3');
    expect(of('/v1/chat/completions', {})).toMatchObject({ body: { max_tokens: 10 } });
    expect(of('/v1/completions', {})).toMatchObject({ body: { max_tokens: 10 } });
    expect(of('/v1/embeddings', { input: 'x' })).toEqual({ ok: true, body: { input: 'x' }, clamped: [] });
    expect(of('/v1/messages', { max_tokens: 11 })).toMatchObject({ ok: false });
  });

  test('who refuses looks at what was asked for, not at what another level made of it', () => {
    const acme = customer({ params: { max_tokens: 50, refused: [], clamp: false } });
    expect(bound({ max_tokens: 60, clamp: true }, { max_tokens: 900 }, [acme]))
      .toMatchObject({ ok: false, message: expect.stringContaining('of 900 is over the cap of 50') as unknown });
  });
});

describe('a suspension', () => {
  test.each([['customer', 'acme'], ['team', 'search'], ['key', 'k1']] as const)('of a %s stops the keys below', (level, id) => {
    const state = fold(key(), suspended(level, id));
    const found = findKey(state, 'h1', 0);
    expect(found).toMatchObject({ ok: false, reason: 'suspended', by: { level, id, sinceMs: 1_000 } });
    expect(suspensionText(stoppedBy(state, who)!)).toBe(`${level} ${id} is suspended: unpaid`);
    const resumed: EventDraft = { type: 'AccessResumed', subject: `${level}/${id}`, tenant: 'acme', data: { level, id, origin: 'api' } };
    expect(findKey(fold(key(), suspended(level, id), resumed), 'h1', 0).ok).toBe(true);
  });

  test('of others stops nobody else', () => {
    expect(findKey(fold(key(), suspended('team', 'other'), suspended('key', 'k2')), 'h1', 0).ok).toBe(true);
  });

  test('by an administrator outlives leaving a file and coming back; removal by one ends it', () => {
    const removed = (origin: 'api' | 'file'): EventDraft =>
      ({ type: 'KeyRevoked', subject: 'k1', tenant: 'acme', data: { key: 'k1', reason: '', origin } });
    expect(findKey(fold(key(), suspended('key', 'k1'), removed('file'), key()), 'h1', 0).ok).toBe(false);
    expect(findKey(fold(key(), suspended('key', 'k1', 'file'), removed('file'), key()), 'h1', 0).ok).toBe(true);
    expect(findKey(fold(key(), suspended('key', 'k1'), removed('api'), key()), 'h1', 0).ok).toBe(true);
  });

  test('is told apart from being expired or revoked', () => {
    const state = fold(key({ expires_at_ms: 5_000 }), suspended('key', 'k1'));
    expect([4_999, 5_000].map((nowMs) => keyStateOf(state, state.keys.get('k1')!, nowMs))).toEqual(['suspended', 'expired']);
  });
});

describe('a rotation', () => {
  test('lets the old value work until its time, and says then until when it did', () => {
    const state = fold(key(), rotated('h2', 9_000));
    expect([findKey(state, 'h1', 8_999).ok, findKey(state, 'h2', 8_999).ok]).toEqual([true, true]);
    expect(findKey(state, 'h1', 9_000)).toMatchObject({ reason: 'value_replaced', atMs: 9_000 });
    expect(findKey(state, 'h2', 9_000).ok).toBe(true);
  });

  test('once more does not shorten the overlap of the first', () => {
    const state = fold(key(), rotated('h2', 9_000), rotated('h3', 7_000));
    expect(['h1', 'h2', 'h3'].map((hash) => findKey(state, hash, 8_000).ok)).toEqual([true, false, true]);
  });

  test('and a change of rules leave each other alone', () => {
    const rest = { ...keyData, models: ['small'], denied_models: ['x'], hash: undefined, hint: undefined };
    const changed: EventDraft = { type: 'KeyChanged', subject: 'k1', tenant: 'acme', data: rest };
    const state = fold(key({ denied_providers: ['y'] }), rotated('h2', 9_000), changed);
    expect(['h1', 'h2'].map((hash) => findKey(state, hash, 0).ok)).toEqual([true, true]);
    expect(state.keys.get('k1')!.created).toEqual({ ...rest, hash: 'h2', hint: 'hf_b' });
    expect(whoOf(state.keys.get('k1')!)).toEqual(who);
  });

  test('a key made anew ends all its values', () => {
    const state = fold(key(), rotated('h2', 9_000), key({ hash: 'h3' }));
    expect(['h1', 'h2', 'h3'].map((hash) => findKey(state, hash, 0).ok)).toEqual([false, false, true]);
  });
});
