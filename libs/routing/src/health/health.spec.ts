// Health as the planner sees it: attempts in, plans out.
import { describe, expect, test } from '@jest/globals';
import type { AttemptErrorClass } from '@libs/events/attempt-errors';
import type { AttemptRecord } from '@libs/events/attempts';
import type { Catalogue } from '@libs/events/catalogue';
import { stamp } from '@libs/events/envelope';
import type { GovernanceState } from '@libs/governance/state';
import { evolve } from '@libs/jobs/evolve';
import type { JobState } from '@libs/jobs/state';
import { healthView } from '../health-view';
import { type Plan, planFor, type PlanResult } from '../plan';
import { newProviderLoad, type ProviderLoad } from '../provider-load';
import { governed, providerConfigured, providerKey, startMs, submitted, twoProviders } from '../routing-for-specs';
import { seedOf } from '../seeded';
import { learnFromAttempt } from './learn';
import { defaultRules } from './rules';

function job(changes: Partial<Catalogue['JobSubmitted']> = {}, id = 'job_1'): JobState {
  return evolve(undefined, stamp(submitted(id, changes), 'e', startMs), { sequence: 1, line: 0 })!;
}

function attempt(provider: string, changes: Partial<AttemptRecord> = {}): AttemptRecord {
  return {
    attempt_id: 'att_1', routing: 1, provider, key: 'main', model: 'gpt-4o', started_at_ms: startMs,
    duration_ms: 100, first_token_ms: null, outcome: 'succeeded', error: null, retry_after_ms: null,
    usage: null, cost_pico_usd: null, ...changes,
  };
}

function failure(
  provider: string, errorClass: AttemptErrorClass, changes: Partial<AttemptRecord> = {},
): AttemptRecord {
  return attempt(provider, {
    outcome: 'failed', error: { class: errorClass, status: 500, message: 'no' }, ...changes,
  });
}

function told(load: ProviderLoad, record: AttemptRecord, times = 1, atMs = startMs): void {
  for (let count = 0; count < times; count += 1) learnFromAttempt(load, record, atMs, defaultRules);
}

function plan(load: ProviderLoad, seed = 1, nowMs = startMs, governance: GovernanceState = twoProviders()): PlanResult {
  return planFor(job(), { governance, load, nowMs }, seed);
}

function planned(result: PlanResult): Plan {
  if (result.kind !== 'plan') throw new Error(`no plan but ${JSON.stringify(result)}`);
  return result;
}

function firstShare(load: ProviderLoad, provider: string, nowMs = startMs, governance = twoProviders()): number {
  let first = 0;
  for (let index = 0; index < 2_000; index += 1) {
    const made = planned(plan(load, seedOf(`job_${index}`, 1), nowMs, governance));
    if (made.plan[0]!.provider === provider) first += 1;
  }
  return first / 2_000;
}

describe('a target that fails', () => {
  test('is passed over with its state, and tried again later by one call at a time', () => {
    const load = newProviderLoad();
    told(load, failure('one', 'server_error'), 5);
    const made = planned(plan(load));
    expect(made.plan.map(({ provider }) => provider)).toEqual(['two']);
    expect(made.reasons.at(-1)).toMatchObject({ provider: 'one', verdict: 'passed_over', health: 'open' });
    const laterMs = startMs + 5_000;
    expect(firstShare(load, 'one', laterMs)).toBeGreaterThan(0.02);
    load.deciding.set('one:gpt-4o', 1);
    const busy = planned(plan(load, 1, laterMs));
    expect(busy.plan.map(({ provider }) => provider)).toEqual(['two']);
    expect(busy.overlay).toEqual({ 'one:gpt-4o': 1 });
  });

  test('of another model of the provider says nothing', () => {
    const load = newProviderLoad();
    told(load, failure('one', 'server_error', { model: 'other' }), 20);
    expect(firstShare(load, 'one')).toBeGreaterThan(0.66);
  });

  test('to be reached closes every model of its provider', () => {
    const load = newProviderLoad();
    told(load, failure('one', 'connect_failed', { model: 'other', error: { class: 'connect_failed', status: null, message: 'no' } }), 5);
    expect(firstShare(load, 'one')).toBe(0);
  });

  test.each<AttemptErrorClass>(['invalid_request', 'context_too_long', 'content_filtered', 'canceled'])(
    'by the client’s own fault or wish (%s) never counts', (errorClass) => {
      const load = newProviderLoad();
      told(load, failure('one', errorClass), 50);
      expect(firstShare(load, 'one')).toBeGreaterThan(0.66);
    });

  test('one time in five keeps half of its part', () => {
    const load = newProviderLoad();
    for (let count = 0; count < 40; count += 1) told(load, count % 5 === 0 ? failure('one', 'server_error') : attempt('one'));
    const share = firstShare(load, 'one');
    // 70 × 0.8³ = 36 against 30.
    expect(share).toBeGreaterThan(0.5);
    expect(share).toBeLessThan(0.59);
  });

  test('when all do, a waiting caller still gets the one that is tried again first; a job that nobody waits for stays in the queue', () => {
    const load = newProviderLoad();
    told(load, failure('one', 'server_error'), 5, startMs + 1_000);
    told(load, failure('two', 'server_error'), 5, startMs);
    const made = planned(plan(load, 1, startMs + 2_000));
    expect(made.plan.map(({ provider }) => provider)).toEqual(['two', 'one']);
    expect(made.reasons[0]).toMatchObject({ verdict: 'chosen', health: 'open' });
    const around = { governance: twoProviders(), load, nowMs: startMs + 2_000 };
    const nobodys = planFor(job({ mode: 'async' }), around, 1);
    expect(nobodys).toEqual({ kind: 'wait', untilMs: startMs + 5_000 });
  });
});

describe('a target that is slow', () => {
  test('against its own past loses as much of its part', () => {
    const load = newProviderLoad();
    told(load, attempt('one', { duration_ms: 100 }), 200);
    expect(firstShare(load, 'one')).toBeGreaterThan(0.66);
    told(load, attempt('one', { duration_ms: 1_000 }), 30, startMs + 60_000);
    const share = firstShare(load, 'one', startMs + 60_000);
    // Ten times as slow: down to the least share, 70 × 0.05 against 30.
    expect(share).toBeLessThan(0.14);
    expect(share).toBeGreaterThan(0.07);
  });

  test('stays known to be, however long it lasts and however few calls it gets', () => {
    const load = newProviderLoad();
    told(load, attempt('one', { duration_ms: 100 }), 25);
    for (let second = 1; second <= 300; second += 1) {
      told(load, attempt('one', { duration_ms: 1_000 }), second < 10 ? 10 : 1, startMs + second * 1_000);
    }
    expect(firstShare(load, 'one', startMs + 301_000)).toBeLessThan(0.14);
    told(load, attempt('one', { duration_ms: 110 }), 8, startMs + 305_000);
    expect(firstShare(load, 'one', startMs + 305_000)).toBeGreaterThan(0.6);
  });

  test('in its streams is forgotten when only whole answers are asked of it', () => {
    const load = newProviderLoad();
    const stream = (firstMs: number): AttemptRecord => attempt('one', { duration_ms: firstMs + 100, first_token_ms: firstMs });
    told(load, stream(100), 30);
    told(load, stream(1_000), 30, startMs + 10_000);
    expect(firstShare(load, 'one', startMs + 10_000)).toBeLessThan(0.14);
    told(load, attempt('one'), 30, startMs + 80_000);
    expect(firstShare(load, 'one', startMs + 80_000)).toBeGreaterThan(0.6);
  });

  test('and always beaten by a second call looks slow all the same', () => {
    const load = newProviderLoad();
    told(load, attempt('one', { duration_ms: 100 }), 100);
    const beaten = failure('one', 'canceled', { outcome: 'unknown', duration_ms: 500, late: 'answer' });
    told(load, beaten, 40, startMs + 60_000);
    expect(firstShare(load, 'one', startMs + 60_000)).toBeLessThan(0.25);
  });

  test('to answer at all keeps next to nothing', () => {
    const load = newProviderLoad();
    told(load, attempt('one', { duration_ms: 100 }), 50);
    const crowd = { count: 4, bySecond: new Map([[startMs / 1000, 4]]) };
    load.busyTargets.set('one:gpt-4o', crowd);
    expect(firstShare(load, 'one', startMs + 2_000)).toBeGreaterThan(0.6);
    expect(firstShare(load, 'one', startMs + 4_000)).toBeLessThan(0.15);
  });

  test('is not one whose streams are long', () => {
    const load = newProviderLoad();
    told(load, attempt('one', { duration_ms: 30_000, first_token_ms: 300 }), 50);
    load.busyTargets.set('one:gpt-4o', { count: 4, bySecond: new Map([[startMs / 1000, 4]]) });
    expect(firstShare(load, 'one', startMs + 40_000)).toBeGreaterThan(0.6);
    expect(firstShare(load, 'one', startMs + 200_000)).toBeLessThan(0.15);
  });
});

describe('a key', () => {
  const three = governed(providerConfigured('one', { keys: [providerKey('a'), providerKey('b'), providerKey('c')] }));

  test('with bad credentials is out until it is probed, the others are used', () => {
    const load = newProviderLoad();
    told(load, failure('one', 'credentials_rejected', { key: 'b' }));
    for (let seed = 0; seed < 50; seed += 1) {
      const made = planned(plan(load, seed, startMs, three));
      expect(made.plan.map(({ key }) => key)).not.toContain('b');
      expect(made.reasons.at(-1)).toMatchObject({ key: 'b', health: 'disabled' });
    }
    expect(planned(plan(load, 3, startMs + 400_000, three)).plan).toHaveLength(3);
  });

  test('near its announced limit is paced, so that no 429 comes', () => {
    const load = newProviderLoad();
    const rate_limit = {
      requests_limit: 100, requests_remaining: 2, requests_reset_ms: 30_000,
      tokens_limit: null, tokens_remaining: null, tokens_reset_ms: null,
    };
    told(load, attempt('one', { rate_limit }));
    const made = planned(plan(load));
    expect(made.plan.map(({ provider }) => provider)).toEqual(['two']);
    expect(made.reasons.at(-1)).toMatchObject({ health: 'paced' });
    // Two are left for 30 s: the first of them after half of it.
    expect(planned(plan(load, 1, startMs + 15_200)).plan).toHaveLength(2);
    expect(planned(plan(load, 1, startMs + 31_000)).plan).toHaveLength(2);
  });

  test('is held to its configured requests per minute', () => {
    const load = newProviderLoad();
    const governance = governed(
      providerConfigured('one', { keys: [providerKey('main', { rpm: 10 })] }), providerConfigured('two'),
    );
    told(load, attempt('one'), 10);
    expect(planned(plan(load, 1, startMs, governance)).plan.map(({ provider }) => provider)).toEqual(['two']);
    expect(planned(plan(load, 1, startMs + 61_000, governance)).plan).toHaveLength(2);
  });

  test('is closed once by a wave of 429s that began together', () => {
    const load = newProviderLoad();
    for (let call = 0; call < 5; call += 1) told(load, failure('one', 'rate_limited', { started_at_ms: startMs + call }));
    expect(load.keys.get('one/main')!.closed!.untilMs).toBe(startMs + 4 + 100 + 2_000);
  });

  test('cools down longer each time a 429 comes without a time', () => {
    const load = newProviderLoad();
    told(load, failure('one', 'rate_limited'));
    told(load, failure('one', 'rate_limited', { started_at_ms: startMs + 2_000 }));
    expect(load.keys.get('one/main')!.closed!.untilMs).toBe(startMs + 2_100 + 4_000);
  });
});

test('of the targets that were ever named the latest are remembered: names are the clients’', () => {
  const load = newProviderLoad();
  for (let index = 0; index < 2_100; index += 1) told(load, failure('one', 'model_not_found', { model: `m${index}` }), 1, startMs + index);
  expect(load.targets.size).toBe(2_000);
  expect(load.targets.has('one:m99')).toBe(false);
  expect(load.targets.has('one:m100')).toBe(true);
});

describe('the view of health', () => {
  test('names every provider with its targets, keys and what is wrong', () => {
    const load = newProviderLoad();
    told(load, failure('one', 'server_error'), 5);
    told(load, attempt('two', { duration_ms: 200 }), 10);
    const [one, two] = healthView(load, twoProviders(), startMs + 1_000);
    expect(one!.targets).toMatchObject([{ model: 'gpt-4o', state: 'open', calls: 5, failed: 5, last_error: { class: 'server_error' } }]);
    expect(two!.targets).toMatchObject([{ state: 'healthy', calls: 10, failed: 0 }]);
    expect(two!.targets[0]!.total_ms.p50).toBeGreaterThan(150);
    expect(two!.keys).toMatchObject([{ key: 'main', state: 'healthy', calls: 10 }]);
  });
});
