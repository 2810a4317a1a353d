// Rules of prices that programs give in whole 10⁻¹² USD.
import { describe, expect, test } from '@jest/globals';
import { desiredConfig, emptyConfig } from './desired-config';
import { exactPrice } from './exact-price';

const rates = {
  input_per_token: '150000', cached_input_per_token: '75000', cache_write_per_token: '150000',
  output_per_token: '600000',
};
const price = { ...rates, per_request: '0' };
const problemOf = (value: object): string => {
  const [issue] = exactPrice.safeParse(value).error?.issues ?? [];
  return issue === undefined ? '' : `${issue.path.join('.')}: ${issue.message}`;
};

describe('a price in whole 10⁻¹² USD', () => {
  test('is taken as it is', () => {
    expect(exactPrice.parse(price)).toEqual(price);
    expect(problemOf({ ...price, tiers: [{ above_input_tokens: 9, ...rates }] })).toBe('');
  });

  test.each([
    [{ ...price, input_per_token: '-5' }, /^input_per_token: write a whole number/],
    [{ ...price, output_per_token: 'cheap' }, /^output_per_token: write a whole number/],
    [{ ...price, per_request: '0.5' }, /^per_request: write a whole number/],
    [{ ...price, reasoning_per_token: '' }, /^reasoning_per_token: write a whole number/],
    [{ ...price, tiers: [{ above_input_tokens: 9, ...rates, output_per_token: '-1' }] }, /^tiers.0.output_per_token: write/],
    [{ ...price, tiers: [{ above_input_tokens: 9, ...rates }, { above_input_tokens: 9, ...rates }] }, /^tiers: must rise/],
  ])('%j is refused', (value, message) => {
    expect(problemOf(value)).toMatch(message);
  });

  test('is looked at in a configuration, too', () => {
    const prices = [{ provider: 'p', model: 'm', source: 'holdfast.yaml', price: { ...price, input_per_token: '-5' } }];
    expect(desiredConfig.safeParse({ ...emptyConfig, prices }).success).toBe(false);
  });
});
