// What the end of a raise, or a lower limit, leads to with no booking near it.
import { expect, test } from '@jest/globals';
import type { EventDraft } from '@libs/events/envelope';
import {
  attemptOf, given, governed, ownedPartition, type Partition, providerConfigured, routedOf, run, startMs,
  submitted, succeeded, takenOver,
} from '../routing-for-specs';

const hourMs = 3_600_000;
const raise = { add_pico_usd: '1000', until_ms: startMs + hourMs };
const budgetSet = (limit = '1000'): EventDraft => ({
  type: 'LimitsSet', subject: 'key/key_1', tenant: 'acme',
  data: {
    level: 'key', id: 'key_1', rate_limits: [], max_concurrent: null, origin: 'api',
    budgets: [{ limit_pico_usd: limit, window: 'total', calendar: false, models: [], providers: [], raise }],
  },
});
const price: EventDraft = {
  type: 'PriceSet', subject: 'one/gpt-4o', tenant: 'system',
  data: {
    provider: 'one', model: 'gpt-4o', source: 'api', origin: 'api',
    price: {
      input_per_token: '0', cached_input_per_token: '0', cache_write_per_token: '0', output_per_token: '2',
      per_request: '0',
    },
  },
};
const usage = { input_tokens: 10, cached_input_tokens: 0, cache_write_tokens: 0, output_tokens: 5, reasoning_tokens: 0 };

function spent(cost: number): Partition {
  const partition = ownedPartition(governed(providerConfigured('one'), price, budgetSet()));
  given(partition, submitted('job_1'));
  const routed = routedOf(run(partition))[0]!;
  const end = succeeded(routed);
  given(partition, { ...end, data: { ...end.data, attempts: [attemptOf(routed, { usage, cost_pico_usd: String(cost) })] } });
  return partition;
}
const percents = (partition: Partition): unknown[] => run(partition).map(({ type, data }) =>
  type === 'AlertRaised' && data.alert === 'budget_threshold' && data.percent);

test('thresholds of the limit before are looked at when the raise ends, once', () => {
  const partition = spent(900);
  expect(percents(partition)).toEqual([]);
  partition.nowMs = raise.until_ms - 1;
  expect(percents(partition)).toEqual([]);
  partition.nowMs = raise.until_ms;
  expect(percents(partition)).toEqual([50, 80]);
  partition.nowMs += hourMs;
  expect(percents(partition)).toEqual([]);
});

test('whoever takes over after the end looks, too', () => {
  const partition = spent(900);
  run(partition);
  partition.nowMs = raise.until_ms + hourMs;
  const other = takenOver(partition);
  expect(percents(other)).toEqual([50, 80]);
  expect(percents(takenOver(other))).toEqual([]);
});

test('a limit that is lowered below what was spent is told at once', () => {
  const partition = spent(900);
  expect(percents(partition)).toEqual([]);
  partition.governance = governed(providerConfigured('one'), price, budgetSet(), budgetSet('200'));
  expect(percents(partition)).toEqual([50]);
});
