// What a configuration would take from keys in use, and what it says of the change itself.
import { describe, expect, test } from '@jest/globals';
import { type EventDraft, stamp } from '@libs/events/envelope';
import { diffConfig } from './apply-config';
import { checkDesired, orphans, problemLine } from './check-desired';
import { cutsOf, keysAtStake, type UsedKey } from './cuts';
import { type DesiredConfig, emptyConfig } from './desired-config';
import { evolveGovernance } from './evolve';
import { knownNames } from './known-names';
import { type GovernanceState, initialGovernance } from './state';

const nowMs = 10_000_000;
const key: DesiredConfig['keys'][number] = {
  key: 'k1', customer: 'acme', hash: 'h1', hint: 'hf_a', team: 'search', name: null, models: [],
  providers: [], visibility: 'team', metadata: {}, expires_at_ms: null,
};
const provider = (id: string): DesiredConfig['providers'][number] => ({
  provider: id, kind: 'openai', base_url: 'https://x/v1', models: ['small', 'big'],
  default_model: null, keys: [{ name: 'main', secret: 'env:K', weight: 1, max_in_flight: null, models: [] }],
  timeouts: { connect_ms: 1, first_token_ms: 1, stall_ms: 1, total_ms: 1 }, weight: 1,
  fallback: true, headers: {},
});
const config: DesiredConfig = {
  ...emptyConfig,
  customers: [{ customer: 'acme', name: null, weight: 1 }],
  teams: [{ team: 'search', customer: 'acme', name: null }],
  keys: [key],
  providers: [provider('one'), provider('two')],
  routes: [{
    model: 'chat', strategy: 'weighted', targets: [{ provider: 'one', model: 'small', weight: 1 }],
    fallbacks: { default: [], context_too_long: [], content_filter: [] }, drop_params: false,
  }],
};
function fold(drafts: readonly EventDraft[], from: GovernanceState): GovernanceState {
  return drafts.reduce((state, draft) =>
    evolveGovernance(state, stamp(draft, 'e', nowMs), state.sequence + 1), from);
}
const applied = fold(diffConfig(initialGovernance, config, nowMs).events, initialGovernance);
const used = (...models: string[]): UsedKey => ({
  key: 'k1', atMs: nowMs - 60_000, models: models.map((model) => ({ model, atMs: nowMs - 60_000 })), open_jobs: 0,
});
/** What is cut by going to `next`. */
function cuts(next: DesiredConfig, use: UsedKey = used('chat', 'small'), withinMs = 3_600_000): string[] {
  const after = fold(diffConfig(applied, next, nowMs).events, applied);
  if (keysAtStake(applied, after, nowMs).length === 0) return [];
  return cutsOf(applied, after, [use], { nowMs, withinMs }).map(({ key: id, why }) => `${id}: ${why}`);
}

describe('a key in use', () => {
  test('is cut by being removed, suspended, made to expire, or given another value', () => {
    expect(cuts({ ...config, keys: [] })).toEqual(['k1: it would be removed']);
    const suspensions = [{ level: 'team' as const, id: 'search', customer: 'acme', reason: 'unpaid' }];
    expect(cuts({ ...config, suspensions })).toEqual(['k1: team search is suspended: unpaid']);
    expect(cuts({ ...config, keys: [{ ...key, expires_at_ms: nowMs - 1 }] })).toEqual(['k1: it would have expired']);
    expect(cuts({ ...config, keys: [{ ...key, hash: 'h2' }] }))
      .toEqual(['k1: its value would be replaced (give it overlap_s to let both work)']);
    expect(cuts({ ...config, keys: [{ ...key, hash: 'h2', overlap_s: 60 }] })).toEqual([]);
  });

  test('is cut by losing a model that it used: denied, no longer listed, its route or provider gone', () => {
    expect(cuts({ ...config, customers: [{ ...config.customers[0]!, denied_models: ['small'] }] })).toEqual([
      'k1: it could no longer use the model "chat" (customer acme denies small)',
      'k1: it could no longer use the model "small" (customer acme denies small)',
    ]);
    expect(cuts({ ...config, keys: [{ ...key, models: ['small'] }] }))
      .toEqual(['k1: it could no longer use the model "chat" (key k1 allows only small)']);
    expect(cuts({ ...config, routes: [] }))
      .toEqual(['k1: it could no longer use the model "chat" (The model chat does not exist)']);
    expect(cuts({ ...config, providers: [provider('two')], routes: [] }, used('one/big')))
      .toHaveLength(1);
  });

  test('may lose what it never used, and change in every other way', () => {
    expect(cuts({ ...config, customers: [{ ...config.customers[0]!, denied_models: ['big'] }] })).toEqual([]);
    expect(cuts({ ...config, keys: [{ ...key, name: 'New', metadata: { a: 'b' } }] })).toEqual([]);
    expect(cuts({ ...config, providers: [provider('one')] })).toEqual([]);
  });

  test('is one with jobs under way, however long ago it was used; another may be cut', () => {
    const long = { ...used('chat'), atMs: 0, models: [] };
    expect(cuts({ ...config, keys: [] }, long)).toEqual([]);
    expect(cuts({ ...config, keys: [] }, { ...long, open_jobs: 2 })).toHaveLength(1);
  });

  test('is not asked about where nothing of it changes', () => {
    const weight = fold(diffConfig(applied, { ...config, customers: [{ ...config.customers[0]!, weight: 2 }] }, nowMs).events, applied);
    expect(keysAtStake(applied, weight, nowMs)).toEqual([]);
    const elsewhere = { ...config, providers: [{ ...provider('one'), base_url: 'https://y/v1' }, provider('two'), provider('three')] };
    expect(keysAtStake(applied, fold(diffConfig(applied, elsewhere, nowMs).events, applied), nowMs)).toEqual([]);
  });
});

describe('a change', () => {
  test('is shown with its fields, before and after, and never with a value of a key', () => {
    const next = { ...config, keys: [{ ...key, hash: 'h2', hint: 'hf_b', models: ['small'] }] };
    expect(diffConfig(applied, next, nowMs).changes).toEqual([{
      action: 'change', entity: 'key', id: 'k1', fields: [
        { field: 'models', before: null, after: ['small'] },
        { field: 'value', before: 'hf_a', after: 'hf_b' },
      ],
    }]);
    expect(JSON.stringify(diffConfig(initialGovernance, next, nowMs).changes)).not.toContain('h2');
  });

  test('of a key’s rules keeps its value; of its value with an overlap is a rotation', () => {
    const rules = diffConfig(applied, { ...config, keys: [{ ...key, denied_models: ['big'] }] }, nowMs).events;
    expect(rules).toMatchObject([{ type: 'KeyChanged', data: { denied_models: ['big'], origin: 'file' } }]);
    const value = diffConfig(applied, { ...config, keys: [{ ...key, hash: 'h2', overlap_s: 60 }] }, nowMs).events;
    expect(value).toMatchObject([{ type: 'KeyRotated', data: { hash: 'h2', old_until_ms: nowMs + 60_000 } }]);
    expect(diffConfig(fold(value, applied), { ...config, keys: [{ ...key, hash: 'h2', overlap_s: 60 }] }, nowMs).events).toEqual([]);
  });

  test('suspends what the file says, and lets it go on when the file says so; not what an administrator stopped', () => {
    const suspensions = [{ level: 'key' as const, id: 'k1', customer: 'acme', reason: 'leaked' }];
    const stopped = fold(diffConfig(applied, { ...config, suspensions }, nowMs).events, applied);
    expect(stopped.suspensions.get('key/k1')).toMatchObject({ reason: 'leaked', origin: 'file' });
    expect(diffConfig(stopped, { ...config, suspensions }, nowMs).events).toEqual([]);
    expect(diffConfig(stopped, config, nowMs).events).toMatchObject([{ type: 'AccessResumed', subject: 'key/k1' }]);
    const byApi = fold([{
      type: 'AccessSuspended', subject: 'key/k1', tenant: 'acme',
      data: { level: 'key', id: 'k1', reason: 'x', origin: 'api' },
    }], applied);
    expect(diffConfig(byApi, config, nowMs).events).toEqual([]);
    expect(diffConfig(byApi, { ...config, suspensions }, nowMs).events).toEqual([]);
  });
});

describe('what a program may send and a file cannot say', () => {
  test('an unknown team or customer is refused, and so is removing one that others belong to', () => {
    const lines = (next: DesiredConfig, from = applied): string[] =>
      orphans(from, fold(diffConfig(from, next, nowMs).events, from)).map(problemLine);
    expect(lines({ ...config, keys: [{ ...key, team: 'none' }] }))
      .toEqual(['key k1: team: there is no team "none" for it; remove or move what belongs to it first']);
    expect(lines({ ...config, teams: [] })).toHaveLength(1);
    const made: EventDraft = {
      type: 'TeamSet', subject: 'own', tenant: 'acme',
      data: { team: 'own', customer: 'acme', name: null, origin: 'api' },
    };
    expect(lines(emptyConfig, fold([made], applied)))
      .toEqual(['team own: customer: there is no customer "acme" for it; remove or move what belongs to it first']);
    expect(lines(emptyConfig)).toEqual([]);
  });

  test('one id or one value twice is refused', () => {
    const known = knownNames(config);
    expect(checkDesired({ ...config, keys: [key, key] }, known).map(problemLine)).toEqual(['key k1: id: is there twice']);
    expect(checkDesired({ ...config, keys: [key, { ...key, key: 'k2' }] }, known).map(problemLine))
      .toEqual(['key k2: value: is also the value of key k1']);
  });
});
