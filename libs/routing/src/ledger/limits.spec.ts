// Rules of budgets and rates as one partition decides them.
import { describe, expect, test } from '@jest/globals';
import type { Catalogue } from '@libs/events/catalogue';
import type { DraftOf, EventDraft } from '@libs/events/envelope';
import { decideAgain } from '../decide-again';
import { dropDecisions } from '../decide-partition';
import { forgetEnded } from '../fold-partition';
import {
  abandoned, attemptOf, decided, given, governed, ownedPartition, type Partition, providerConfigured,
  routedOf, run, startMs, submitted, succeeded, summary,
} from '../routing-for-specs';
import { newWorld } from '../world';
import { sumOf } from './ledger';

type Bounds = Partial<Pick<Catalogue['LimitsSet'], 'budgets' | 'rate_limits' | 'max_concurrent'>>;
type Level = Catalogue['LimitsSet']['level'];

const limitsSet = (bounds: Bounds, level: Level = 'key', id = 'key_1'): DraftOf<'LimitsSet'> => ({
  type: 'LimitsSet', subject: `${level}/${id}`, tenant: 'acme',
  data: { level, id, budgets: [], rate_limits: [], max_concurrent: null, origin: 'api', ...bounds },
});
const budget = (limit: number, changes: object = {}): NonNullable<Bounds['budgets']>[number] => ({
  limit_pico_usd: String(limit), window: 'total', calendar: false, models: [], providers: [], alert_at: [], ...changes,
});
const priceSet = (provider: string, perToken: number): EventDraft => ({
  type: 'PriceSet', subject: `${provider}/gpt-4o`, tenant: 'system',
  data: {
    provider, model: 'gpt-4o', source: 'api', origin: 'api',
    price: {
      input_per_token: '0', cached_input_per_token: '0', cache_write_per_token: '0',
      output_per_token: String(perToken), per_request: '0',
    },
  },
});

/** Two providers: a request of 50 output tokens may cost 100 at one, 500 at two. */
function partitionWith(...limits: EventDraft[]): Partition {
  return ownedPartition(governed(
    providerConfigured('one', { weight: 70 }), providerConfigured('two', { weight: 30 }),
    priceSet('one', 2), priceSet('two', 10), ...limits,
  ));
}
const only = (partition: Partition, account: string): string => {
  const { spent, held } = sumOf(partition.state.ledger, account, partition.nowMs);
  return `${spent} spent, ${held} held`;
};
const rejected = (drafts: readonly EventDraft[]): Catalogue['JobRejected'][] =>
  drafts.flatMap((draft) => (draft.type === 'JobRejected' ? [draft.data] : []));
function costing(routed: DraftOf<'JobRouted'>, cost: number): DraftOf<'JobSucceeded'> {
  const draft = succeeded(routed);
  const usage = { input_tokens: 10, cached_input_tokens: 0, cache_write_tokens: 0, output_tokens: 5, reasoning_tokens: 0 };
  return { ...draft, data: { ...draft.data, attempts: [attemptOf(routed, { cost_pico_usd: String(cost), usage })] } };
}

describe('a budget', () => {
  test('is held by what the dearest candidate may cost, and settled by what the call cost', () => {
    const partition = partitionWith(limitsSet({ budgets: [budget(1_000)] }));
    given(partition, submitted('a'));
    const [routed] = routedOf(run(partition));
    expect(only(partition, 'key/key_1 budget total')).toBe('0 spent, 500 held');
    given(partition, costing(routed!, 42));
    given(partition, costing(routed!, 42));
    expect(only(partition, 'key/key_1 budget total')).toBe('42 spent, 0 held');
  });

  test('is held for every answer that is asked for, as tokens are', () => {
    const partition = partitionWith(limitsSet({
      budgets: [budget(10_000)], rate_limits: [{ tokens: 1_000, window: 'minute', models: [] }],
    }));
    given(partition, submitted('a', { answers: 3 }));
    run(partition);
    expect(only(partition, 'key/key_1 budget total')).toBe('0 spent, 1500 held');
    expect(only(partition, 'key/key_1 tokens minute')).toBe('0 spent, 250 held');
    given(partition, submitted('b', { answers: 100 }));
    expect(rejected(run(partition))).toMatchObject([{ reason: 'rate_limited', status: 429, retry_after_s: null }]);
  });

  test('is not spent twice by decisions of the same look, nor while an append is under way', () => {
    const partition = partitionWith(limitsSet({ budgets: [budget(250)] }));
    given(partition, submitted('a'), submitted('b'), submitted('c'));
    const drafts = decided(partition);
    // 'two' is too dear for it: only 'one' is left in the plans.
    expect(summary(drafts)).toEqual(['JobRouted a', 'JobRouted b', 'JobRejected c']);
    expect(routedOf(drafts).map(({ data }) => data.reserved)).toEqual([
      undefined, ['100'],
    ]);
    given(partition, submitted('d'));
    expect(summary(decided(partition))).toEqual(['JobRejected d']);
    given(partition, ...drafts);
    expect(partition.state.work!.reserved.size).toBe(0);
    expect(only(partition, 'key/key_1 budget total')).toBe('0 spent, 200 held');
  });

  test('decisions that were dropped hold nothing', () => {
    const partition = partitionWith(limitsSet({ budgets: [budget(100)] }));
    given(partition, submitted('a'));
    decided(partition);
    dropDecisions(partition.state, partition.load);
    expect(summary(decided(partition))).toEqual(['JobRouted a']);
  });

  test('drops the dear candidates from the plan, with the reason, before it refuses', () => {
    const partition = partitionWith(limitsSet({ budgets: [budget(499)] }));
    given(partition, submitted('a'));
    const [routed] = routedOf(decided(partition));
    expect(routed?.data.plan.map(({ provider }) => provider)).toEqual(['one']);
    expect(routed?.data.hold).toEqual({ amount_pico_usd: '100' });
    expect(routed?.data.reasons.find(({ provider }) => provider === 'two')).toMatchObject({
      verdict: 'passed_over', reason: expect.stringContaining('more than is left of the budget of key key_1'),
    });
  });

  test('says at a refusal which it is, how much there is, and when it resets', () => {
    const partition = partitionWith(limitsSet(
      { budgets: [budget(120_000_000, { window: 'month', calendar: true })] }, 'team', 'search'));
    given(partition, submitted('a', { team: 'search', max_output_tokens: 50_000_000 }));
    const [routed] = routedOf(run(partition));
    given(partition, costing(routed!, 90_000_000), submitted('b', { team: 'search', max_output_tokens: 50_000_000 }));
    const [data] = rejected(run(partition));
    expect(data).toMatchObject({
      reason: 'budget_exceeded', status: 402, retry_after_s: null,
      limit: {
        kind: 'budget', level: 'team', id: 'search', window: 'month', limit: '120000000', spent: '90000000',
        held: '0', resets_at_ms: Date.UTC(2026, 1, 1),
      },
    });
    expect(data?.message).toBe('The budget of team search (0.00012 USD per month) is not enough for this request, '
      + 'which may cost up to 0.0001 USD: 0.00009 USD are spent and 0 USD are held for requests under way. '
      + 'It resets at 2026-02-01T00:00:00.000Z.');
  });

  test('bounds every level: the customer as well as the key', () => {
    const partition = partitionWith(
      limitsSet({ budgets: [budget(10_000)] }), limitsSet({ budgets: [budget(100)] }, 'customer', 'acme'));
    given(partition, submitted('a'), submitted('b', { key: 'key_2' }));
    const drafts = decided(partition);
    expect(summary(drafts)).toEqual(['JobRouted a', 'JobRejected b']);
    expect(rejected(drafts)[0]?.limit).toMatchObject({ level: 'customer', id: 'acme', held: '100' });
  });

  test('of a provider counts calls there alone', () => {
    const partition = partitionWith(limitsSet({ budgets: [budget(600, { providers: ['tw*'] })] }));
    given(partition, submitted('a'));
    const [routed] = routedOf(run(partition));
    expect(only(partition, 'key/key_1 budget total providers=tw*')).toBe('0 spent, 500 held');
    // Both were planned, 'one' answered.
    const [one] = routed!.data.plan.filter(({ provider }) => provider === 'one');
    given(partition, costing({ ...routed!, data: { ...routed!.data, plan: [one!] } }, 70));
    expect(only(partition, 'key/key_1 budget total providers=tw*')).toBe('0 spent, 0 held');
  });

  test('refuses what has no price: an unknown price is never nothing', () => {
    const partition = ownedPartition(governed(
      providerConfigured('one'), limitsSet({ budgets: [budget(1e9)] })));
    given(partition, submitted('a'));
    const [data] = rejected(decided(partition));
    expect(data).toMatchObject({ reason: 'budget_exceeded', status: 402 });
    expect(data?.message).toContain('the price of one/gpt-4o is not known (price_unknown)');
  });

  test('begins anew at its boundary; what was held before is settled there', () => {
    const partition = partitionWith(limitsSet({ budgets: [budget(100, { window: 'day', calendar: true })] }));
    partition.nowMs = startMs + 86_400_000 - 10;
    const day = { deadline_at_ms: startMs + 2 * 86_400_000 };
    given(partition, submitted('a', day));
    const [before] = routedOf(run(partition));
    partition.nowMs += 20;
    given(partition, submitted('b', day));
    expect(summary(run(partition))).toEqual(['JobRouted b']);
    given(partition, costing(before!, 99));
    expect(only(partition, 'key/key_1 budget day calendar')).toBe('0 spent, 100 held');
    expect(sumOf(partition.state.ledger, 'key/key_1 budget day calendar', startMs).spent).toBe(99n);
  });

  test('a call of unknown cost keeps its hold until it is written off', () => {
    const partition = partitionWith(limitsSet({ budgets: [budget(600)] }));
    given(partition, submitted('a', { deadline_at_ms: startMs + 1_000 }));
    const [routed] = routedOf(run(partition));
    given(partition, abandoned(routed!));
    expect(only(partition, 'key/key_1 budget total')).toBe('0 spent, 500 held');
    partition.nowMs += 2_000;
    expect(summary(run(partition))).toEqual(['JobExpired a']);
    expect(only(partition, 'key/key_1 budget total')).toBe('0 spent, 500 held');
    given(partition, { type: 'HoldWrittenOff', subject: 'a', tenant: 'acme', data: { routing: 1, reason: '' } });
    expect(only(partition, 'key/key_1 budget total')).toBe('0 spent, 0 held');
    given(partition, costing(routed!, 42));
    expect(only(partition, 'key/key_1 budget total')).toBe('42 spent, 0 held');
  });

  test('of a job that the fold has forgotten is kept, and settled by its late outcome once', () => {
    const partition = partitionWith(limitsSet({ budgets: [budget(600)] }));
    given(partition, submitted('a', { deadline_at_ms: startMs + 1_000 }));
    const [routed] = routedOf(run(partition));
    given(partition, abandoned(routed!));
    partition.nowMs += 2_000;
    run(partition);
    forgetEnded(partition.state, partition.nowMs + 3_600_000);
    expect(partition.state.ended.size).toBe(0);
    expect(only(partition, 'key/key_1 budget total')).toBe('0 spent, 500 held');
    given(partition, costing(routed!, 42));
    given(partition, costing(routed!, 42));
    expect(only(partition, 'key/key_1 budget total')).toBe('42 spent, 0 held');
    forgetEnded(partition.state, partition.nowMs + 7_200_000);
    expect(partition.state.ledger.routings.size + partition.state.kept.size).toBe(0);
  });

  test('a second call of a hedged request is held, too, and what settled is released', () => {
    const partition = partitionWith(limitsSet({ budgets: [budget(2_000)], rate_limits: [{ tokens: 400, window: 'minute', models: [] }] }));
    given(partition, submitted('a'));
    const [routed] = routedOf(decided(partition));
    const hedged = { ...routed!, data: { ...routed!.data, hold: { amount_pico_usd: '1000' }, hedge: { after_ms: 1, candidate: 1 } } };
    given(partition, hedged);
    expect(only(partition, 'key/key_1 budget total')).toBe('0 spent, 1000 held');
    expect(only(partition, 'key/key_1 tokens minute')).toBe('0 spent, 300 held');
    const draft = costing(hedged, 30);
    const other = attemptOf(hedged, { attempt_id: 'att_other', outcome: 'unknown' });
    given(partition, { ...draft, data: { ...draft.data, attempts: [...draft.data.attempts, other] } });
    expect(only(partition, 'key/key_1 budget total')).toBe('30 spent, 500 held');
  });

  test('a job that nobody waits for is refused, or waits for the next window when it asked to', () => {
    const partition = partitionWith(limitsSet({ budgets: [budget(150, { window: 'hour', calendar: true })] }));
    given(partition, submitted('a'));
    const [routed] = routedOf(run(partition));
    given(partition, costing(routed!, 100));
    const job = { mode: 'async', deadline_at_ms: startMs + 86_400_000 } as const;
    given(partition, submitted('b', job), submitted('c', { ...job, over_budget: 'wait' }));
    const drafts = run(partition);
    expect(summary(drafts)).toEqual(['JobRejected b', 'JobDeferred c']);
    expect(drafts[1]?.data).toMatchObject({ until_ms: startMs + 3_600_000, count: 0 });
    partition.nowMs = startMs + 3_600_000;
    expect(summary(run(partition))).toEqual(['JobRouted c']);
  });

  test('of a short window is waited for in the queue, without an event for each look', () => {
    const partition = partitionWith(limitsSet({ budgets: [budget(150, { window: 'minute', calendar: true })] }));
    given(partition, submitted('a'));
    given(partition, costing(routedOf(run(partition))[0]!, 100));
    given(partition, submitted('b', { mode: 'async', over_budget: 'wait' }));
    expect(run(partition)).toEqual([]);
    partition.nowMs += 60_000;
    expect(summary(run(partition))).toEqual(['JobRouted b']);
  });

  test('that is only held, not spent, is waited for until a call ends', () => {
    const partition = partitionWith(limitsSet({ budgets: [budget(150)] }));
    given(partition, submitted('a'));
    const [routed] = routedOf(run(partition));
    given(partition, submitted('b', { mode: 'async', over_budget: 'wait' }));
    expect(run(partition)).toEqual([]);
    given(partition, costing(routed!, 10));
    expect(summary(run(partition))).toEqual(['JobRouted b']);
  });

  test('raised, goes on with what was spent', () => {
    const partition = partitionWith(limitsSet({ budgets: [budget(100)] }));
    given(partition, submitted('a'));
    given(partition, costing(routedOf(run(partition))[0]!, 100), submitted('b'));
    expect(summary(run(partition))).toEqual(['JobRejected b']);
    partition.governance = partitionWith(limitsSet({ budgets: [budget(200)] })).governance;
    given(partition, submitted('c'), submitted('d'));
    expect(summary(run(partition))).toEqual(['JobRouted c', 'JobRejected d']);
  });
});

describe('a rate limit', () => {
  const requests = (count: number): Bounds => ({ rate_limits: [{ requests: count, window: 'minute', models: [] }] });

  test('refuses who waits with 429 and the time, and lets through what comes after it', () => {
    const partition = partitionWith(limitsSet(requests(2)));
    given(partition, submitted('a'), submitted('b'), submitted('c'));
    const drafts = run(partition);
    expect(summary(drafts)).toEqual(['JobRouted a', 'JobRouted b', 'JobRejected c']);
    expect(rejected(drafts)[0]).toMatchObject({
      reason: 'rate_limited', status: 429, retry_after_s: 61, limit: { kind: 'requests', limit: '2', spent: '0', held: '2' },
    });
    partition.nowMs += 61_000;
    given(partition, submitted('d'));
    expect(summary(run(partition))).toEqual(['JobRouted d']);
  });

  test('keeps a job that nobody waits for in the queue', () => {
    const partition = partitionWith(limitsSet(requests(1)));
    given(partition, submitted('a', { mode: 'async' }), submitted('b', { mode: 'async' }));
    expect(summary(run(partition))).toEqual(['JobRouted a']);
    partition.nowMs += 60_000;
    expect(run(partition)).toEqual([]);
    partition.nowMs += 1_000;
    expect(summary(run(partition))).toEqual(['JobRouted b']);
  });

  test('of tokens is held by prompt and longest answer, and corrected by what was used', () => {
    const partition = partitionWith(limitsSet({ rate_limits: [{ tokens: 300, window: 'minute', models: [] }] }));
    given(partition, submitted('a'), submitted('b'), submitted('c'));
    const drafts = run(partition);
    expect(summary(drafts)).toEqual(['JobRouted a', 'JobRouted b', 'JobRejected c']);
    given(partition, ...routedOf(drafts).map((routed) => costing(routed, 1)));
    expect(only(partition, 'key/key_1 tokens minute')).toBe('30 spent, 0 held');
    given(partition, submitted('d', { max_output_tokens: 1_000 }));
    expect(rejected(run(partition))[0]).toMatchObject({ status: 429, retry_after_s: null });
  });

  test('of requests under way is freed by the end of a call', () => {
    const partition = partitionWith(limitsSet({ max_concurrent: 1 }));
    given(partition, submitted('a'), submitted('b'));
    const drafts = run(partition);
    expect(summary(drafts)).toEqual(['JobRouted a', 'JobRejected b']);
    expect(rejected(drafts)[0]).toMatchObject({ status: 429, retry_after_s: 1 });
    given(partition, costing(routedOf(drafts)[0]!, 1), submitted('c'));
    expect(summary(run(partition))).toEqual(['JobRouted c']);
  });
});

test('a decision under a budget is made again from the fold and what was reserved', () => {
  const partition = partitionWith(limitsSet({ budgets: [budget(650)] }));
  given(partition, submitted('a'), submitted('b'));
  const drafts = routedOf(decided(partition));
  expect(drafts[1]?.data.plan).toHaveLength(1);
  const { governance, load, state, nowMs, sequence } = partition;
  const world = { ...newWorld(1), governance, load };
  for (const { subject, data } of drafts) {
    const { overlay = {}, reserved = [] } = data;
    const again = decideAgain(world, state, { job: subject, seen: sequence, nowMs, overlay, reserved });
    expect(again).toEqual({ type: 'JobRouted', data });
  }
  // As it was noted before.
  const [, { data }] = drafts as [unknown, (typeof drafts)[number]];
  expect(data.reserved).toEqual(['500']);
  const reserved = { 'key/key_1 budget total': '500' };
  const remade = { job: 'b', seen: sequence, nowMs, overlay: data.overlay ?? {}, reserved };
  expect(decideAgain(world, state, remade)).toEqual({ type: 'JobRouted', data: { ...data, reserved } });
});
