// Rules of budgets and rate limits in a file: what is built of them, and what is refused with its place.
import { describe, expect, test } from '@jest/globals';
import type { DesiredConfig } from '@libs/governance/desired-config';
import { problemText } from './config-problem';
import { parseConfig, type ParsedConfig } from './parse-config';
import { timeZoneTable } from './time-zone-offsets';

const nowMs = Date.parse('2026-11-01T00:00:00Z');
const parsed = (customer: string, more: object = {}): ParsedConfig => parseConfig(
  `customers:\n  - id: acme\n    ${customer}\n`, { environment: {}, nowMs, ...more });
const refused = (customer: string): string[] => {
  const result = parsed(customer);
  return result.ok ? [] : result.problems.map(problemText);
};
const limitsOf = (customer: string, more: object = {}): NonNullable<DesiredConfig['limits']>[number] => {
  const result = parsed(customer, more);
  if (!result.ok) throw new Error(result.problems.map(problemText).join('\n'));
  return result.config.limits![0]!;
};
const budgets = (one: string): string => `budgets: [${one}]`;

describe('limits of a file', () => {
  test('begin their windows in their time zone, else in the customer\'s, else in UTC', () => {
    const text = `time_zone: Europe/Berlin\n    ${budgets('{ limit_usd: 1, window: day, calendar: true }, '
      + '{ limit_usd: 1, window: week, calendar: true, time_zone: America/New_York }, '
      + '{ limit_usd: 1, window: month, calendar: true, time_zone: UTC }, { limit_usd: 1, window: hour }')}`;
    expect(limitsOf(text).budgets.map(({ time_zone: zone }) => zone))
      .toEqual(['Europe/Berlin', 'America/New_York', undefined, undefined]);
  });

  test('say of a raise how much more it is and when it ends', () => {
    const { budgets: [budget] } = limitsOf(budgets(
      '{ limit_usd: 50, window: month, raise: { limit_usd: "75.5", until: 2026-12-01 } }'));
    expect(budget).toMatchObject({
      limit_pico_usd: '50000000000000',
      raise: { add_pico_usd: '25500000000000', until_ms: Date.parse('2026-12-01T00:00:00Z') },
    });
  });

  test('count prompt and answer apart, and what is under way by model', () => {
    const found = limitsOf('rate_limits: [{ input_tokens: 9, output_tokens: 3, window: minute }, '
      + '{ concurrent: 5, models: ["gpt-4o*"] }, { concurrent: 7 }]');
    expect(found).toMatchObject({
      rate_limits: [{ input_tokens: 9, output_tokens: 3, window: 'minute', models: [] }],
      concurrent: [{ concurrent: 5, models: ['gpt-4o*'] }], max_concurrent: 7,
    });
  });

  test('that were raised until a time that is over start again without the raise, with a note', () => {
    const text = budgets('{ limit_usd: 50, window: month, raise: { limit_usd: 75, until: 2026-10-01 } }');
    const result = parsed(text, { endedRaises: 'leave_out' });
    expect(result).toMatchObject({ ok: true, notes: [expect.stringContaining('2026-10-01 is over')] });
    expect(limitsOf(text, { endedRaises: 'leave_out' }).budgets[0]).not.toHaveProperty('raise');
  });
});

describe('limits that cannot be meant', () => {
  test.each([
    [budgets('{ limit_usd: -1, window: day }'), 'budgets[0].limit_usd: write an amount in USD that is not negative'],
    [budgets('{ limit_usd: 0, window: day }'), 'budgets[0].limit_usd: a budget of 0 lets nothing pass'],
    [budgets('{ limit_usd: "0.00", window: day }'), 'budgets[0].limit_usd: a budget of 0 lets nothing pass'],
    [budgets('{ limit_usd: "5 €", window: day }'), 'budgets[0].limit_usd: write an amount in USD'],
    [budgets('{ limit_eur: 5, window: day }'), 'budgets[0].limit_eur: amounts are in USD; there is no other currency in this version: write limit_usd'],
    [budgets('{ limit_usd: 5, window: day }, { limit_usd: 9, window: day }'), 'budgets[1]: there is another budget for the same window'],
    [budgets('{ limit_usd: 5, window: day, calendar: true, time_zone: Europe/Berln }'), 'budgets[0].time_zone: "Europe/Berln" is no time zone; write its IANA name, e.g. Europe/Berlin; did you mean "Europe/Berlin"?'],
    [budgets('{ limit_usd: 5, window: day, calendar: true, time_zone: europe/berlin }'), 'did you mean "Europe/Berlin"?'],
    [budgets('{ limit_usd: 5, window: day, calendar: true, time_zone: "+02:00" }'), '"+02:00" is no time zone'],
    [budgets('{ limit_usd: 5, window: day, time_zone: Europe/Berlin }'), 'budgets[0].time_zone: only a window with `calendar: true` begins in a time zone'],
    ['time_zone: Mars/Olympus', 'time_zone: "Mars/Olympus" is no time zone'],
    [budgets('{ limit_usd: 5, window: day, raise: { limit_usd: 9, until: 2026-10-31 } }'), 'budgets[0].raise.until: 2026-10-31 is over: remove this raise, or set a later end'],
    [budgets('{ limit_usd: 5, window: day, raise: { limit_usd: 9, until: tomorrow } }'), 'budgets[0].raise.until: write a time, e.g. 2030-01-31'],
    [budgets('{ limit_usd: 5, window: day, raise: { limit_usd: 5, until: 2026-12-01 } }'), 'budgets[0].raise.limit_usd: is not above the budget itself (5)'],
    ['rate_limits: [{ requests: 0, window: minute }]', 'rate_limits[0].requests: write a whole number above 0'],
    ['rate_limits: [{ requests: -5, window: minute }]', 'rate_limits[0].requests: write a whole number above 0'],
    ['rate_limits: [{ tokens: 5 }]', 'rate_limits[0].window: is required'],
    ['rate_limits: [{ concurrent: 5, window: minute }]', 'rate_limits[0].window: `concurrent` counts what is under way now'],
    ['rate_limits: [{ requests: 5, window: minute }, { requests: 9, tokens: 5, window: minute }]', 'rate_limits[1]: there is another limit of the same kind'],
    ['rate_limits: [{ concurrent: 5 }]\n    max_concurrent: 5', 'rate_limits[0].concurrent: max_concurrent says the same'],
  ])('%s', (customer, message) => {
    const problem = refused(customer).find((one) => one.includes(message));
    expect([problem, refused(customer)]).toEqual([expect.any(String), expect.anything()]);
    expect(problem).toMatch(/^holdfast\.yaml:[34]: customers\[0\]\./);
  });

  test('two budgets are the same, too, when one names the time zone that the other has from its customer', () => {
    const text = 'time_zone: Europe/Berlin\n    budgets: [{ limit_usd: 5, window: day, calendar: true }, '
      + '{ limit_usd: 9, window: day, calendar: true, time_zone: Europe/Berlin }]';
    expect(refused(text)[0]).toContain('budgets[1]: there is another budget');
  });

  test('all of them are told at once, and nothing is built', () => {
    const result = parsed(budgets('{ limit_usd: 0, window: day }, { limit_usd: 0, window: day }'));
    expect(result).toMatchObject({ ok: false, problems: [{}, {}, {}] });
  });
});

test('what a time zone means is read from the database of this runtime, to the minute', () => {
  const { offsets, known_until_ms: untilMs } = timeZoneTable('Europe/Berlin', nowMs);
  const of2026 = offsets.filter(({ from_ms: fromMs }) => new Date(fromMs).getUTCFullYear() === 2026);
  expect(of2026).toEqual([
    { from_ms: Date.parse('2026-03-29T01:00:00Z'), minutes: 120 },
    { from_ms: Date.parse('2026-10-25T01:00:00Z'), minutes: 60 },
  ]);
  expect(untilMs).toBeGreaterThan(Date.parse('2036-01-01T00:00:00Z'));
  expect(timeZoneTable('Asia/Kolkata', nowMs).offsets).toMatchObject([{ minutes: 330 }]);
  expect(timeZoneTable('America/New_York', nowMs).offsets[0]).toMatchObject({ minutes: -240 });
});
