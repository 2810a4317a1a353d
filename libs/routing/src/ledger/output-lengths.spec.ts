// Rules of learned output estimates, and how far off they are.
import { describe, expect, test } from '@jest/globals';
import type { DraftOf } from '@libs/events/envelope';
import { seededRandom } from '@libs/test-kit/seeded-random';
import { decideAgain } from '../decide-again';
import { itemsOf, restoreItem, type SnapshotItem } from '../partition-snapshot';
import { newProviderLoad } from '../provider-load';
import {
  attemptOf, decided, given, governed, ownedPartition, type Partition, providerConfigured, routedOf, run,
  submitted, succeeded,
} from '../routing-for-specs';
import { newWorld } from '../world';
import { sumOf } from './ledger';
import { addLength, estimateOf, type OutputLengths } from './output-lengths';

const fresh = (): OutputLengths => ({ total: 0, counts: [], longest: 0 });

/** Two tokens of money for each of output. */
function partition(contextTokens?: number): Partition {
  return ownedPartition(governed(
    providerConfigured('one'),
    {
      type: 'PriceSet', subject: '', tenant: 'system',
      data: {
        provider: 'one', model: 'gpt-4o', source: '', origin: 'api',
        price: {
          input_per_token: '0', cached_input_per_token: '0', cache_write_per_token: '0', output_per_token: '2', per_request: '0',
          ...(contextTokens === undefined ? {} : { context_tokens: contextTokens }),
        },
      },
    },
    {
      type: 'LimitsSet', subject: 'key/key_1', tenant: 'acme',
      data: {
        level: 'key', id: 'key_1', max_concurrent: null, origin: 'api',
        budgets: [{ limit_pico_usd: '100000000', window: 'total', calendar: false, models: [], providers: [] }],
        rate_limits: [{ tokens: 100_000_000, window: 'minute', models: [] }],
      },
    },
  ));
}
let jobs = 0;
function route(one: Partition, max: number | null, more: object = {}): DraftOf<'JobRouted'> {
  given(one, submitted(`job_${jobs += 1}`, { max_output_tokens: max, prompt_tokens_estimate: 10, ...more }));
  return routedOf(run(one))[0]!;
}
function answer(one: Partition, routed: DraftOf<'JobRouted'>, tokens: number): void {
  const draft = succeeded(routed);
  const usage = { input_tokens: 10, cached_input_tokens: 0, cache_write_tokens: 0, output_tokens: tokens, reasoning_tokens: 0 };
  const attempt = attemptOf(routed, { attempt_id: `att_${routed.subject}`, usage, cost_pico_usd: String(2 * tokens) });
  given(one, { ...draft, data: { ...draft.data, attempts: [attempt] } });
}
const estimate = (one: Partition, max: number | null = null, more: object = {}): number | undefined =>
  route(one, max, more).data.output_estimate;

describe('a request without max_tokens', () => {
  test('is held for 4096 tokens until a hundred answers were seen, then for what they needed', () => {
    const one = partition();
    for (let index = 0; index < 100; index += 1) {
      const routed = route(one, null);
      expect(routed.data).toMatchObject({ output_estimate: 4096, hold: { amount_pico_usd: '8192' } });
      answer(one, routed, 400);
    }
    const routed = route(one, null);
    // The bucket of 400 ends at 419; a quarter more.
    expect(routed.data).toMatchObject({ output_estimate: 524, hold: { amount_pico_usd: '1048' } });
    const { held } = sumOf(one.state.ledger, 'key/key_1 budget total', one.nowMs);
    expect(held).toBe(1048n);
    expect(sumOf(one.state.ledger, 'key/key_1 tokens minute', one.nowMs).held).toBe(534n);
  });

  test('is held for more than 4096 where answers are longer, at most for what the model takes', () => {
    const one = partition();
    const small = partition(16_000);
    for (let index = 0; index < 100; index += 1) {
      answer(one, route(one, null), 20_000);
      answer(small, route(small, null), 20_000);
    }
    expect(estimate(one)).toBeGreaterThan(25_000);
    expect(estimate(small)).toBe(16_000);
  });

  test('learns from its own key and model, and not from answers that were bounded', () => {
    const one = partition();
    for (let index = 0; index < 150; index += 1) {
      answer(one, route(one, 50), 50);
      answer(one, route(one, null, { key: 'key_2' }), 50);
    }
    expect(estimate(one)).toBe(4096);
    expect(estimate(one, null, { key: 'key_2' })).toBe(256);
    expect(estimate(one, 50)).toBeUndefined();
  });

  test('is decided again alike, from a snapshot too; decisions that knew no lengths stay as they were', () => {
    const one = partition();
    for (let index = 0; index < 120; index += 1) answer(one, route(one, null), 1_000);
    const restored = { partitions: new Map(), load: newProviderLoad() };
    for (const item of itemsOf(one.state)) restoreItem(restored, JSON.parse(JSON.stringify(item)) as SnapshotItem);
    expect((restored.partitions.get(0) as Partition['state']).ledger.lengths).toEqual(one.state.ledger.lengths);
    given(one, submitted('again', { max_output_tokens: null }));
    const [draft] = routedOf(decided(one));
    const { governance, load, state, nowMs, sequence: seen } = one;
    const world = { ...newWorld(1), governance, load };
    const remade = { job: 'again', seen, nowMs, overlay: {}, reserved: [] };
    expect(decideAgain(world, state, remade)).toEqual({ type: 'JobRouted', data: draft!.data });
    const before = decideAgain(world, state, { ...remade, learnsLengths: false });
    expect(before).toMatchObject({ type: 'JobRouted', data: { hold: { amount_pico_usd: '8192' } } });
    expect('output_estimate' in (before as { data: object }).data).toBe(false);
  });
});

describe('the sketch', () => {
  test('forgets: of a thousand answers the last ones count', () => {
    const lengths = fresh();
    for (let index = 0; index < 1_000; index += 1) addLength(lengths, 8_000);
    expect(estimateOf(lengths)).toBeGreaterThan(10_000);
    for (let index = 0; index < 8_000; index += 1) addLength(lengths, 500);
    expect(estimateOf(lengths)).toBeLessThan(700);
    expect(lengths.total).toBeLessThan(1_000);
  });

  /** What passes a limit because of it: answers longer than they were held for, by how much. */
  test.each([
    ['short, even', 1, (random: () => number) => 50 + 300 * random()],
    ['a heavy tail', 2, (random: () => number) => 40 * Math.exp(1.1 * normal(random))],
    ['two kinds', 3, (random: () => number) => (random() < 0.05 ? 3_000 + 2_000 * random() : 100 + 100 * random())],
    ['growing', 4, (random: () => number, at: number) => (200 + at / 5) * (0.5 + random())],
  ] as const)('%s answers: the measured error', (name, seed, lengthOf) => {
    const random = seededRandom(seed);
    const draw = (): number => random.whole(1, 1_000_000) / 1_000_001;
    const lengths = fresh();
    const total = { answers: 0, over: 0, tokens: 0, excess: 0, worst: 0, held: 0 };
    for (let at = 0; at < 10_000; at += 1) {
      const tokens = Math.max(1, Math.round(lengthOf(draw, at)));
      const held = estimateOf(lengths);
      if (at >= 100) {
        total.answers += 1;
        total.tokens += tokens;
        total.held += held;
        total.over += Number(tokens > held);
        total.excess += Math.max(0, tokens - held);
        total.worst = Math.max(total.worst, tokens / held);
      }
      addLength(lengths, tokens);
    }
    const percent = (part: number, whole: number): string => `${(100 * part / whole).toFixed(2)} %`;
    console.log(`${name}: ${percent(total.over, total.answers)} of answers longer than held for, by `
      + `${percent(total.excess, total.tokens)} of all tokens, at worst ${total.worst.toFixed(2)} times; `
      + `held ${(total.held / total.tokens).toFixed(1)} times what was used, ${(4096 * total.answers / total.tokens).toFixed(1)} without learning`);
    expect(total.over / total.answers).toBeLessThan(0.01);
    expect(total.excess / total.tokens).toBeLessThan(0.02);
  });
});

/** By twelve even draws; exact enough, and the same everywhere. */
function normal(random: () => number): number {
  let sum = -6;
  for (let draw = 0; draw < 12; draw += 1) sum += random();
  return sum;
}
