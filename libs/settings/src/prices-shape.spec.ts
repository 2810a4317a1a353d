// Rules of prices as people write them: every field, exact, with the discount of provider or price.
import { describe, expect, test } from '@jest/globals';
import { problemText } from './config-problem';
import { parseConfig } from './parse-config';

const options = { environment: { K: 'key' }, nowMs: Date.parse('2026-11-01T00:00:00Z') };
const providers = `providers:
  - { id: openai, type: openai, api_key: env:K, models: [gpt-4o, gpt-audio, house], discount_percent: 12.5 }
`;

function pricesOf(text: string): Map<string, object> {
  const parsed = parseConfig(text, options);
  if (!parsed.ok) throw new Error(parsed.problems.map(problemText).join('\n'));
  return new Map(parsed.config.prices.map(({ model, price }) => [model, price]));
}
const problemsOf = (text: string): string[] => {
  const parsed = parseConfig(text, options);
  return parsed.ok ? [] : parsed.problems.map(problemText);
};

describe('a price in holdfast.yaml', () => {
  test('has a rate for each kind of token, tiers, and amounts per request and search', () => {
    const prices = pricesOf(`${providers}prices:
  - provider: openai
    model: house
    input_usd_per_mtok: 1
    output_usd_per_mtok: "2.5"
    reasoning_usd_per_mtok: 3
    audio_input_usd_per_mtok: 40
    audio_output_usd_per_mtok: 80
    image_input_usd_per_mtok: 5
    cache_write_1h_usd_per_mtok: 2
    usd_per_request: 0.001
    usd_per_web_search: 0.01
    discount_percent: 0.5
    tiers: [{ above_input_tokens: 200000, input_usd_per_mtok: 2, output_usd_per_mtok: 5 }]
`);
    expect(prices.get('house')).toEqual({
      input_per_token: '1000000', cached_input_per_token: '1000000', cache_write_per_token: '1000000',
      output_per_token: '2500000', reasoning_per_token: '3000000', audio_input_per_token: '40000000',
      audio_output_per_token: '80000000', image_input_per_token: '5000000',
      cache_write_1h_per_token: '2000000', per_request: '1000000000', per_web_search: '10000000000',
      discount_basis_points: 50,
      tiers: [{
        above_input_tokens: 200_000, input_per_token: '2000000', cached_input_per_token: '2000000',
        cache_write_per_token: '2000000', output_per_token: '5000000',
      }],
    });
  });

  test('that is finer than 10⁻¹² USD per token is rounded up, and what a calculation left behind is dropped', () => {
    const house = (input: string): unknown => pricesOf(
      `${providers}prices:\n  - { provider: openai, model: house, output_usd_per_mtok: 1, input_usd_per_mtok: ${input} }\n`,
    ).get('house');
    expect(house('0.30000000000000004')).toMatchObject({ input_per_token: '300000' });
    expect(house('1e-13')).toMatchObject({ input_per_token: '1' });
    expect(house('"0.0000000000001"')).toMatchObject({ input_per_token: '1' });
    expect(house('"0.1000001"')).toMatchObject({ input_per_token: '100001' });
  });

  test('of the catalogue has the discount of its provider, and audio at its own rate', () => {
    const prices = pricesOf(providers);
    expect(prices.get('gpt-4o')).toMatchObject({ input_per_token: '2500000', discount_basis_points: 1250 });
    expect(prices.get('gpt-audio')).toMatchObject({
      audio_input_per_token: expect.stringMatching(/^\d+$/), audio_output_per_token: expect.stringMatching(/^\d+$/),
    });
  });

  test.each([
    ['input_usd_per_mtok: -1', 'not negative'],
    ['input_usd_per_mtok: "5 EUR"', 'without a currency'],
    ['input_usd_per_mtok: 1, discount_percent: 101', '100'],
    ['input_usd_per_mtok: 1, discount_percent: 1.001', 'two digits'],
    ['input_usd_per_mtok: 1, tiers: [{ above_input_tokens: 5, input_usd_per_mtok: 1, output_usd_per_mtok: 1 },'
      + ' { above_input_tokens: 5, input_usd_per_mtok: 1, output_usd_per_mtok: 1 }]', 'rise'],
  ])('%s is refused with what is wrong', (fields, why) => {
    const problems = problemsOf(
      `${providers}prices:\n  - { provider: openai, model: house, output_usd_per_mtok: 1, ${fields} }\n`);
    expect(problems.join('\n')).toContain(why);
  });
});

test('the policy for unknown prices is one of three', () => {
  expect(problemsOf(`${providers}governance: { unknown_price: refuse }\n`)).toEqual([]);
  expect(problemsOf(`${providers}governance: { unknown_price: free }\n`).join('\n')).toContain('refuse_under_budget');
});
