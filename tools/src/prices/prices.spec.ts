// Prices on the command line: what flags become, and how a change is shown.
import { describe, expect, test } from '@jest/globals';
import { priceBody, priceName } from './price-body';
import { priceChange, type PriceLine } from './price-text';

describe('a price', () => {
  test('keeps its amounts as they are written', () => {
    expect(priceBody({
      input: '2.50', output: '10', 'cached-input': '0.1000000000000000055', 'cache-write-1h': '3',
      'per-request': '0', discount: '12.5', 'context-tokens': '128000', json: undefined,
    })).toEqual({
      input_usd_per_mtok: '2.50', output_usd_per_mtok: '10', cached_input_usd_per_mtok: '0.1000000000000000055',
      cache_write_1h_usd_per_mtok: '3', usd_per_request: '0', discount_percent: 12.5, context_tokens: 128_000,
    });
  });

  test.each([
    [{ input: '2,5' }, '--input 2,5: write an amount in USD'],
    [{ output: '-1' }, '--output -1: write an amount in USD that is not negative'],
    [{ 'cached-input': '1 EUR' }, '--cached-input 1 EUR'],
    [{ input: '1e-3' }, '--input 1e-3'],
    [{ discount: '101' }, '--discount 101: write a percentage up to 100'],
    [{ discount: '1.005' }, '--discount 1.005'],
    [{ 'context-tokens': 'many' }, '--context-tokens many: write a whole number above 0.'],
  ])('%j is refused with how it is written', (flags, why) => {
    expect(() => priceBody(flags)).toThrow(why);
  });

  test('is of a model at a provider; models have slashes in their names', () => {
    expect(priceName('openrouter/meta/llama')).toEqual({ provider: 'openrouter', model: 'meta/llama' });
    expect(() => priceName('gpt-4o')).toThrow('Say which as provider/model, e.g. openai/gpt-4o, not "gpt-4o".');
  });
});

test('a change of a price is shown before and after, with what falls away', () => {
  const of = (input: string, more: object = {}): PriceLine => ({
    id: 'a/b', source: 'api',
    price: { input_per_token: input, cached_input_per_token: input, cache_write_per_token: input, output_per_token: '2000000', per_request: '0', ...more },
  });
  const tier = { above_input_tokens: 5, ...of('1').price };
  const lines = (text: string): string[][] => text.split('\n').map((line) => line.split(/ {2,}/));
  expect(lines(priceChange(of('1000000', { tiers: [tier] }), of('500000')))).toEqual([
    ['', 'input', 'cached', 'output', 'request', 'also', 'source'],
    ['before', '1', '1', '2', '0', 'tier above 5', 'api'],
    ['after', '0.5', '0.5', '2', '0', 'api'],
  ]);
  expect(lines(priceChange(null, of('1000000')))[1]).toEqual(['before', '-', '-', '-', '-', '-', '-']);
});
