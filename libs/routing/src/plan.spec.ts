import { describe, expect, test } from '@jest/globals';
import type { Catalogue } from '@libs/events/catalogue';
import type { DraftOf } from '@libs/events/envelope';
import type { GovernanceState } from '@libs/governance/state';
import { evolve } from '@libs/jobs/evolve';
import type { JobState } from '@libs/jobs/state';
import { stamp } from '@libs/events/envelope';
import { newKeyHealth } from './health/key-health';
import { learnFromAttempt } from './health/learn';
import { defaultRules } from './health/rules';
import { planFor, type PlanResult } from './plan';
import { newProviderLoad, type ProviderLoad } from './provider-load';
import { governed, providerConfigured, providerKey, startMs, submitted, twoProviders } from './routing-for-specs';
import { seedOf } from './seeded';

function job(changes: Partial<Catalogue['JobSubmitted']> = {}, id = 'job_1'): JobState {
  return evolve(undefined, stamp(submitted(id, changes), 'e', startMs), { sequence: 1, line: 0 })!;
}

function plan(
  governance: GovernanceState, one = job(), load: ProviderLoad = newProviderLoad(), seed = 1,
): PlanResult {
  return planFor(one, { governance, load, nowMs: startMs }, seed);
}

function order(result: PlanResult): string[] {
  if (result.kind !== 'plan') throw new Error(`no plan but ${result.kind}`);
  return result.plan.map(({ provider, key, model }) => `${provider}/${key}/${model}`);
}

function route(changes: Partial<Catalogue['RouteConfigured']> = {}): DraftOf<'RouteConfigured'> {
  return {
    type: 'RouteConfigured', subject: 'chat', tenant: '',
    data: {
      model: 'chat', strategy: 'weighted',
      targets: [
        { provider: 'one', model: 'gpt-4o', weight: 70 },
        { provider: 'two', model: 'gpt-4o', weight: 30 },
      ],
      fallbacks: { default: [], context_too_long: [], content_filter: [] },
      drop_params: false, origin: 'api', ...changes,
    },
  };
}

const pair = [providerConfigured('one', { weight: 70 }), providerConfigured('two', { weight: 30 })];

describe('targets', () => {
  test('of a weighted route are drawn by weight, and fall back to one another', () => {
    let first = 0;
    for (let index = 0; index < 2000; index += 1) {
      const result = order(plan(twoProviders(), job(), newProviderLoad(), seedOf(`job_${index}`, 1)));
      expect(result).toHaveLength(2);
      if (result[0]!.startsWith('one/')) first += 1;
    }
    expect(first / 2000).toBeGreaterThan(0.66);
    expect(first / 2000).toBeLessThan(0.74);
  });

  test('are the same for the same seed', () => {
    const seed = seedOf('job_9', 1);
    expect(plan(twoProviders(), job(), newProviderLoad(), seed))
      .toEqual(plan(twoProviders(), job(), newProviderLoad(), seed));
  });

  test('of a priority route keep their order', () => {
    const governance = governed(...pair, route({ strategy: 'priority' }));
    for (let seed = 0; seed < 20; seed += 1) {
      expect(order(plan(governance, job({ model: 'chat' }), newProviderLoad(), seed)))
        .toEqual(['one/main/gpt-4o', 'two/main/gpt-4o']);
    }
  });

  test('that may not be fallen back to are only the first', () => {
    const governance = governed(
      providerConfigured('one', { weight: 1000 }),
      providerConfigured('two', { weight: 1, fallback: false }),
    );
    expect(order(plan(governance))).toEqual(['one/main/gpt-4o']);
  });

  test('least busy and cheapest order by load and price', () => {
    const busy = newProviderLoad();
    busy.busyKeys.set('one/main', 100);
    const least = governed(...pair, route({ strategy: 'least_busy' }));
    expect(order(plan(least, job({ model: 'chat' }), busy))[0]).toBe('two/main/gpt-4o');
    const price = (provider: string, input: string): DraftOf<'PriceSet'> => ({
      type: 'PriceSet', subject: provider, tenant: '',
      data: {
        provider, model: 'gpt-4o', source: 'test', origin: 'api',
        price: {
          input_per_token: input, cached_input_per_token: '0', cache_write_per_token: '0',
          output_per_token: '0', per_request: '0',
        },
      },
    });
    const cheap = governed(...pair, price('one', '20'), price('two', '10'), route({ strategy: 'cheapest' }));
    const result = plan(cheap, job({ model: 'chat' }));
    expect(order(result)[0]).toBe('two/main/gpt-4o');
    // The dearest candidate, 100 prompt tokens at 20.
    expect(result.kind === 'plan' && result.hold).toEqual({ amount_pico_usd: '2000' });
  });

  test('whose model is too small for the prompt are passed over, unless all are', () => {
    const context = (provider: string, tokens: number): DraftOf<'PriceSet'> => ({
      type: 'PriceSet', subject: provider, tenant: '',
      data: {
        provider, model: 'gpt-4o', source: 'test', origin: 'api',
        price: {
          input_per_token: '1', cached_input_per_token: '0', cache_write_per_token: '0',
          output_per_token: '0', per_request: '0', context_tokens: tokens,
        },
      },
    });
    const governance = governed(...pair, context('one', 1_000), context('two', 9_000));
    const result = plan(governance, job({ prompt_tokens_estimate: 5_000 }));
    expect(order(result)).toEqual(['two/main/gpt-4o']);
    expect(result.kind === 'plan' && result.reasons[1]?.reason).toContain('takes 1000 tokens');
    expect(order(plan(governance, job({ prompt_tokens_estimate: 50_000 })))).toHaveLength(2);
  });

  test('of a rule are used while its condition is met, the first one that is', () => {
    const rules = [
      { name: 'no such fact', when: 'headers["x-a"] == "1"', targets: [{ provider: 'one', model: 'a', weight: 1 }] },
      { name: 'gold', when: 'metadata.tier == "gold" && prompt_tokens > 50', targets: [{ provider: 'two', model: 'b', weight: 1 }] },
    ];
    const governance = governed(...pair, route({ rules }));
    const gold = plan(governance, job({ model: 'chat', metadata: { tier: 'gold' } }));
    expect(order(gold)).toEqual(['two/main/b']);
    expect(gold.kind === 'plan' && gold.rule).toBe('gold');
    expect(order(plan(governance, job({ model: 'chat' })))).toHaveLength(2);
    const header = { request: {}, headers: { 'x-a': '1' } };
    expect(order(plan(governance, job({ model: 'chat', facts: header })))).toEqual(['one/main/a']);
  });

  test('of a session stay the same while they are healthy', () => {
    const governance = governed(...pair, providerConfigured('three', { weight: 50 }));
    const firstOf = (session: string, load: ProviderLoad, seed: number): string =>
      order(plan(governance, job({ session }, `job_${seed}`), load, seed))[0]!;
    const load = newProviderLoad();
    const own = firstOf('s1', load, 1);
    for (let seed = 2; seed < 30; seed += 1) expect(firstOf('s1', load, seed)).toBe(own);
    const used = new Set(Array.from({ length: 40 }, (_, index) => firstOf(`other-${index}`, load, 1)));
    expect(used.size).toBe(3);
    close(load, own.split('/').slice(0, 2).join('/'), 60_000);
    const next = firstOf('s1', load, 1);
    expect(next).not.toBe(own);
    for (let seed = 2; seed < 30; seed += 1) expect(firstOf('s1', load, seed)).toBe(next);
  });

  test('are chosen by what is measured where the strategy is fastest or adaptive', () => {
    const load = newProviderLoad();
    const took = (provider: string, durationMs: number): void => {
      for (let count = 0; count < 40; count += 1) {
        learnFromAttempt(load, {
          attempt_id: 'att', routing: 1, provider, key: 'main', model: 'gpt-4o', started_at_ms: startMs,
          duration_ms: durationMs, first_token_ms: null, outcome: 'succeeded', error: null,
          retry_after_ms: null, usage: null, cost_pico_usd: null,
        }, startMs, defaultRules);
      }
    };
    took('one', 800);
    took('two', 100);
    const share = (strategy: 'fastest' | 'adaptive'): number => {
      const governance = governed(...pair, route({ strategy }));
      let first = 0;
      for (let index = 0; index < 1_000; index += 1) {
        const made = plan(governance, job({ model: 'chat' }), load, seedOf(`job_${index}`, 1));
        if (order(made)[0]!.startsWith('two/')) first += 1;
      }
      return first / 1_000;
    };
    // 5 % go by weight, of which three in ten go to two.
    expect(share('fastest')).toBeGreaterThan(0.93);
    expect(share('fastest')).toBeLessThan(0.99);
    // 30 against 70 ⁄ 8, about three in four.
    expect(share('adaptive')).toBeGreaterThan(0.7);
    expect(share('adaptive')).toBeLessThan(0.85);
  });

  test('an unknown price leaves the hold open', () => {
    const result = plan(twoProviders());
    expect(result.kind === 'plan' && result.hold).toBeNull();
  });

  test('fallbacks of the request and of the route come after the targets', () => {
    const governance = governed(...pair, providerConfigured('three'), route({
      strategy: 'priority', targets: [{ provider: 'one', model: 'gpt-4o', weight: 1 }],
      fallbacks: { default: ['three/c'], context_too_long: ['two/long'], content_filter: [] },
    }));
    const result = plan(governance, job({ model: 'chat', fallbacks: ['two/b'] }));
    expect(order(result)).toEqual(['one/main/gpt-4o', 'two/main/b', 'three/main/c']);
    expect(result.kind === 'plan' && result.fallbacksByClass.context_too_long[0]?.model).toBe('long');
  });
});

describe('a job that cannot be placed', () => {
  test('is rejected when nobody has its model', () => {
    expect(plan(twoProviders(), job({ model: 'nothing' }))).toMatchObject({ kind: 'reject', reason: 'no_such_model', status: 404 });
  });

  test('is rejected with the reasons when nobody can honour what it needs', () => {
    const governance = governed(providerConfigured('claude', { kind: 'anthropic' }));
    const result = plan(governance, job({ needs: ['logprobs'] }));
    expect(result).toMatchObject({ kind: 'reject', reason: 'no_candidate', status: 400 });
    expect(result.kind === 'reject' && result.message).toContain('logprobs');
  });

  test('loses the parameter where the route says so', () => {
    const governance = governed(providerConfigured('claude', { kind: 'anthropic' }), route({
      targets: [{ provider: 'claude', model: 'claude-3', weight: 1 }], drop_params: true,
    }));
    const result = plan(governance, job({ model: 'chat', needs: ['logprobs'] }));
    expect(result.kind === 'plan' && result.plan[0]?.drop).toEqual(['logprobs']);
  });

  test('waits while every key is full', () => {
    const governance = governed(providerConfigured('one', { keys: [providerKey('main', { max_in_flight: 1 })] }));
    const load = newProviderLoad();
    load.busyKeys.set('one/main', 1);
    expect(plan(governance, job(), load)).toEqual({ kind: 'wait', untilMs: null });
  });
});

function close(load: ProviderLoad, name: string, forMs: number): void {
  load.keys.set(name, { ...newKeyHealth(), closed: { sinceMs: startMs, untilMs: startMs + forMs, why: 'rate_limited' } });
}

describe('a key that cools down', () => {
  function cooling(...names: string[]): ProviderLoad {
    const load = newProviderLoad();
    for (const name of names) close(load, name, 5_000);
    return load;
  }

  test('is passed over with the reason', () => {
    const result = plan(twoProviders(), job(), cooling('one/main'));
    expect(order(result)).toEqual(['two/main/gpt-4o']);
    const reasons = result.kind === 'plan' ? result.reasons : [];
    expect(reasons.find(({ verdict }) => verdict === 'passed_over')).toMatchObject({ provider: 'one' });
  });

  test('when all do, a job that nobody waits for is deferred, a waiting one waits for the first', () => {
    const load = cooling('one/main', 'two/main');
    close(load, 'two/main', 3_000);
    expect(plan(twoProviders(), job({ mode: 'async' }), load)).toMatchObject({ kind: 'defer', untilMs: startMs + 3_000 });
    expect(plan(twoProviders(), job(), load)).toEqual({ kind: 'wait', untilMs: startMs + 3_000 });
  });

  test('when all do for long, a waiting caller gets the one that ends first', () => {
    const load = newProviderLoad();
    close(load, 'one/main', 3_600_000);
    close(load, 'two/main', 60_000);
    expect(order(plan(twoProviders(), job(), load))[0]).toBe('two/main/gpt-4o');
  });
});
