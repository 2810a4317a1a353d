// Spent and held, counted from events: holds until a routing has an end, costs once, beyond apart.
import { expect, test } from '@jest/globals';
import { attempt, happyJob, type LineDraft, messagesOf } from '../checks/evidence-for-specs';
import { readLog } from './log-evidence';
import { moneyOf } from './money';

const of = (lines: readonly LineDraft[]) => moneyOf(readLog(messagesOf(lines), new Set())).get('key/acme-app');
const [submitted, , succeeded] = happyJob() as [LineDraft, LineDraft, LineDraft];
const routed = (routing = 1, hold = '20000000'): LineDraft =>
  ({ type: 'JobRouted', subject: 'job_1', data: { routing, hold: { amount_pico_usd: hold } } });
const abandoned = (changes: object | null): LineDraft => ({
  type: 'AttemptAbandoned', subject: 'job_1',
  data: { routing: 1, attempt: changes === null ? null : attempt('att_1', changes) },
});

test('a routing holds until its end, and what it cost is spent then', () => {
  expect(of([submitted, routed()])).toMatchObject({ spent: 0n, held: 20_000_000n, most: 20_000_000n, mostAt: 2 });
  expect(of([submitted, routed(), succeeded])).toMatchObject({ spent: 13_000_000n, held: 0n, most: 20_000_000n, beyond: 0n });
});

test('a routing whose end nobody learned goes on holding', () => {
  const lost = of([submitted, routed(), abandoned(null), routed(2)]);
  expect(lost).toMatchObject({ spent: 0n, held: 40_000_000n, most: 40_000_000n });
  const unknown = abandoned({ outcome: 'unknown', usage: null, cost_pico_usd: null });
  expect(of([submitted, routed(), unknown])).toMatchObject({ spent: 0n, held: 20_000_000n });
  expect(of([submitted, routed(), abandoned({ outcome: 'failed', cost_pico_usd: null })]))
    .toMatchObject({ spent: 0n, held: 0n });
});

test('an outcome that comes twice is spent once', () => {
  expect(of([submitted, routed(), succeeded, succeeded])).toMatchObject({ spent: 13_000_000n, held: 0n });
});

test('what costs more than was held is told apart', () => {
  expect(of([submitted, routed(1, '10000000'), succeeded])).toMatchObject({ spent: 13_000_000n, beyond: 3_000_000n, most: 10_000_000n });
});

test('a customer has what its keys have', () => {
  const lines = [...happyJob('job_1'), ...happyJob('job_2')];
  const money = moneyOf(readLog(messagesOf(lines), new Set()));
  expect(money.get('customer/acme')).toEqual(money.get('key/acme-app'));
  expect(money.get('customer/acme')).toMatchObject({ spent: 26_000_000n });
});
