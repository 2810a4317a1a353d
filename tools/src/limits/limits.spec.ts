// Limits on the command line: how they are read, what is said of those that cannot be, what is shown.
import { describe, expect, test } from '@jest/globals';
import { changeText, type LimitsShown, limitsText, underWay } from './limits-text';
import { limitsBody, readBudget, readRate } from './read-limits';

describe('a budget', () => {
  test.each([
    ['10 per day', { limit_usd: '10', window: 'day' }],
    ['10/day', { limit_usd: '10', window: 'day' }],
    [' 12.50 / hour ', { limit_usd: '12.50', window: 'hour' }],
    ['500 total', { limit_usd: '500', window: 'total' }],
    ['500 per total models=a', { limit_usd: '500', window: 'total', models: ['a'] }],
    ['100/month calendar', { limit_usd: '100', window: 'month', calendar: true }],
    ['100 per month calendar zone=Europe/Berlin', { limit_usd: '100', window: 'month', calendar: true, time_zone: 'Europe/Berlin' }],
    ['5/day soft alert=50,80', { limit_usd: '5', window: 'day', soft: true, alert_at: [50, 80] }],
    ['5/day alert=none', { limit_usd: '5', window: 'day', alert_at: [] }],
    ['5 per day models=openai/gpt-4o*,chat providers=openai', { limit_usd: '5', window: 'day', models: ['openai/gpt-4o*', 'chat'], providers: ['openai'] }],
    ['0.000000000001/minute', { limit_usd: '0.000000000001', window: 'minute' }],
  ])('is read from "%s"', (text, body) => {
    expect(readBudget(text)).toEqual(body);
  });

  test.each([
    ['', '"" is no amount'],
    ['ten per day', '"ten" is no amount; write US dollars as a number, without a currency.'],
    ['10€/day', '"10€" is no amount'],
    ['-5 per day', '"-5" is no amount'],
    ['1e3/day', '"1e3" is no amount'],
    ['10', 'after "10" comes "per" (or "/") and a window.'],
    ['10 EUR per day', 'after "10" comes "per" (or "/") and a window, not "EUR".'],
    ['10 per dya', '"dya" is no window here; did you mean "day"?'],
    ['10 per', '"" is no window here; there is minute, hour, day, week, month, quarter, year, total.'],
    ['10/fortnight', '"fortnight" is no window here; there is minute,'],
    ['10/day claendar', '"claendar" is not known; did you mean "calendar"?'],
    ['10/day models=', '"models=" names nothing; write models=…'],
    ['10/day models', '"models" names nothing'],
    ['10/day soft=yes', '"soft" stands alone'],
    ['10/day zone=Europe/Berlin', 'add "calendar", or leave it out'],
    ['10/day alert=half', '"half" is no percentage'],
  ])('"%s" is refused with the part that is wrong, and how it is written', (text, why) => {
    expect(() => readBudget(text)).toThrow(`--budget "${text}": `);
    expect(() => readBudget(text)).toThrow(why);
    expect(() => readBudget(text)).toThrow('Write e.g. "10 per day"');
  });
});

describe('a rate limit', () => {
  test.each([
    ['60 requests/minute', { requests: 60, window: 'minute' }],
    ['60 requests per minute', { requests: 60, window: 'minute' }],
    ['1 request/hour', { requests: 1, window: 'hour' }],
    ['100000 tokens/hour models=gpt-4o*,chat', { tokens: 100_000, window: 'hour', models: ['gpt-4o*', 'chat'] }],
    ['5 input_tokens / day', { input_tokens: 5, window: 'day' }],
    ['5 output_tokens/day', { output_tokens: 5, window: 'day' }],
    ['20 concurrent models=a/b', { concurrent: 20, models: ['a/b'] }],
  ])('is read from "%s"', (text, body) => {
    expect(readRate(text)).toEqual(body);
  });

  test.each([
    ['requests/minute', '"requests" is no count'],
    ['0 requests/minute', '"0" is no count; write a whole number above 0.'],
    ['1.5 requests/minute', '"1.5" is no count'],
    ['99999999999999999 tokens/hour', 'is no count'],
    ['60/minute', '"per" is nothing that is counted'],
    ['60 reqests/minute', '"reqests" is nothing that is counted; did you mean "requests"?'],
    ['60 requests', 'after "requests" comes "per" (or "/") and a window.'],
    ['60 requests/week', '"week" is no window here; there is minute, hour, day.'],
    ['60 requests/minute soft', '"soft" is not known; only models=… may follow.'],
    ['20 concurrent/minute', 'leave the window out'],
  ])('"%s" is refused with the part that is wrong, and how it is written', (text, why) => {
    expect(() => readRate(text)).toThrow(`--rate "${text}": `);
    expect(() => readRate(text)).toThrow(why);
    expect(() => readRate(text)).toThrow('Write e.g. "60 requests/minute"');
  });
});

describe('a body of limits', () => {
  test('names only what is said; none lifts it', () => {
    expect(limitsBody({ budget: ['1/day', '5/week'] })).toEqual({
      budgets: [{ limit_usd: '1', window: 'day' }, { limit_usd: '5', window: 'week' }],
    });
    expect(limitsBody({ rate: ['none'], concurrent: '5' })).toEqual({ rate_limits: [], max_concurrent: 5 });
    expect(limitsBody({ budget: ['none'], concurrent: 'none' })).toEqual({ budgets: [], max_concurrent: null });
  });

  test('that says nothing, or a count that is none, is refused', () => {
    expect(() => limitsBody({})).toThrow('Say what bounds it: --budget, --rate or --concurrent');
    expect(() => limitsBody({ concurrent: 'few' })).toThrow('--concurrent few: write a whole number above 0.');
    expect(() => limitsBody({ budget: ['none', '1/day'] })).toThrow('"none" is no amount');
  });
});

const rolling = { calendar: false, models: [], providers: [] };
const before: LimitsShown = {
  budgets: [{ limit_usd: '10', window: 'day', ...rolling }, { limit_usd: '2', window: 'total', ...rolling, soft: true, alert_at: [] }],
  rate_limits: [{ requests: 60, tokens: 5_000, window: 'minute', models: ['chat'] }, { concurrent: 3, models: ['chat'] }],
  max_concurrent: 5,
};
const lines = (text: string): string[][] => text.split('\n').map((line) => line.split(/ {2,}/));

test('limits are shown in the words they are set with', () => {
  const raises = [{ id: 'raise_1', budget: { window: 'day', ...rolling }, add_usd: '5', until: '2030-01-01T00:00:00.000Z', reason: 'launch' }];
  expect(lines(limitsText({ ...before, raises }))).toEqual([
    ['of', 'at most'], ['USD per day', '10'], ['USD total soft', '2 alert=none'],
    ['requests per minute models=chat', '60'], ['tokens per minute models=chat', '5000'],
    ['concurrent models=chat', '3'], ['concurrent', '5'], [''],
    ['raise', 'of', 'more', 'until', 'reason'],
    ['raise_1', 'USD per day', '5', '2030-01-01T00:00:00.000Z', 'launch'],
  ]);
  expect(limitsText({ budgets: [], rate_limits: [], max_concurrent: null })).toBe('no limits');
});

test('raises that are over are not shown', () => {
  const [day] = before.budgets!;
  const raised: LimitsShown = {
    budgets: [{ ...day!, raise: { limit_usd: '25', until: '2030-01-01T00:00:00.000Z' } }],
    raises: [{ id: 'raise_1', budget: day!, add_usd: '5', until: '2030-01-01T00:00:00.000Z', reason: '' }],
  };
  const endMs = Date.parse('2030-01-01T00:00:00Z');
  expect(limitsText(underWay(raised, endMs - 1))).toMatch(/USD per day +10 \(25 until 2030-01-01T00:00:00\.000Z\)[^]*raise_1/);
  expect(limitsText(underWay(raised, endMs))).toMatch(/USD per day +10$/);
});

test('a change of limits is shown before and after', () => {
  const after: LimitsShown = {
    budgets: [{ limit_usd: '20', window: 'day', ...rolling }, { limit_usd: '9', window: 'month', ...rolling, calendar: true, time_zone: 'Europe/Berlin' }],
    rate_limits: [], max_concurrent: 5,
  };
  expect(lines(changeText(before, after))).toEqual([
    ['of', 'before', 'after'], ['USD per day', '10', '20'], ['USD total soft', '2 alert=none', '-'],
    ['requests per minute models=chat', '60', '-'], ['tokens per minute models=chat', '5000', '-'],
    ['concurrent models=chat', '3', '-'], ['concurrent', '5', '5'],
    ['USD per month calendar zone=Europe/Berlin', '-', '9'],
  ]);
  expect(changeText({}, {})).toBe('no limits');
});
