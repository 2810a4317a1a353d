// Rules of what a call costs: each kind of token at its own rate, and never more than the worst case.
import { describe, expect, test } from '@jest/globals';
import type { Price, Usage } from '@libs/events/usage';
import { seededRandom } from '@libs/test-kit/seeded-random';
import { costOf, worstCase } from './cost';

const plain: Price = {
  input_per_token: '100', cached_input_per_token: '10', cache_write_per_token: '125',
  output_per_token: '400', per_request: '0',
};
const rich: Price = {
  ...plain, cache_write_1h_per_token: '200', audio_input_per_token: '1000',
  cached_audio_per_token: '300', image_input_per_token: '150', reasoning_per_token: '500',
  audio_output_per_token: '2000', image_output_per_token: '3000', per_web_search: '10000',
};
const none: Usage = {
  input_tokens: 0, cached_input_tokens: 0, cache_write_tokens: 0, output_tokens: 0, reasoning_tokens: 0,
};

describe('what has a price of its own is paid at that', () => {
  test.each<[string, Partial<Usage>, number]>([
    ['audio in', { input_tokens: 10, audio_input_tokens: 4 }, 6 * 100 + 4 * 1000],
    ['cached audio', { input_tokens: 10, cached_input_tokens: 5, audio_input_tokens: 4, cached_audio_tokens: 3 },
      4 * 100 + 1 * 1000 + 2 * 10 + 3 * 300],
    ['images', { input_tokens: 10, image_input_tokens: 9 }, 1 * 100 + 9 * 150],
    ['a cache for an hour', { input_tokens: 10, cache_write_tokens: 8, cache_write_1h_tokens: 3 },
      2 * 100 + 5 * 125 + 3 * 200],
    ['reasoning', { output_tokens: 10, reasoning_tokens: 7 }, 3 * 400 + 7 * 500],
    ['audio and images out', { output_tokens: 10, audio_output_tokens: 2, image_output_tokens: 3 },
      5 * 400 + 2 * 2000 + 3 * 3000],
    ['searches', { web_searches: 3 }, 3 * 10_000],
  ])('%s', (_what, usage, cost) => {
    expect(costOf({ ...none, ...usage }, rich)).toBe(String(cost));
  });

  test('and what has none, as the plain tokens', () => {
    const usage = { ...none, input_tokens: 10, audio_input_tokens: 4, output_tokens: 5, reasoning_tokens: 5 };
    expect(costOf(usage, plain)).toBe(String(10 * 100 + 5 * 400));
  });
});

describe('a discount', () => {
  test('is taken off the whole call, rounded up to a whole amount', () => {
    const usage = { ...none, input_tokens: 1, output_tokens: 1 };
    expect(costOf(usage, { ...plain, per_request: '3', discount_basis_points: 1250 })).toBe('441');
    expect(costOf(usage, { ...plain, discount_basis_points: 10_000 })).toBe('0');
  });

  test('lowers the worst case as it lowers the cost', () => {
    const expected = { promptTokens: 10, outputTokens: 10, needs: [] };
    expect(worstCase({ ...plain, discount_basis_points: 5_000 }, expected)).toBe(2625n);
  });
});

describe('the worst case', () => {
  test('counts what is dear only where the request may have it', () => {
    const expected = { promptTokens: 10, outputTokens: 0, needs: [] as string[] };
    expect(worstCase(rich, expected)).toBe(10n * 125n);
    expect(worstCase(rich, { ...expected, needs: ['audio'] })).toBe(10n * 1000n);
    expect(worstCase(rich, { ...expected, needs: ['images'] })).toBe(10n * 150n);
    expect(worstCase(rich, { ...expected, needs: ['cache_control'] })).toBe(10n * 200n);
    expect(worstCase(rich, { ...expected, needs: ['web_search'] })).toBe(10n * 125n + 50_000n);
  });

  test('is never less than what is booked of as many tokens, whatever they were', () => {
    const random = seededRandom(7);
    const upTo = (most: number): number => random.whole(0, most);
    for (let run = 0; run < 2_000; run += 1) {
      const usage: Usage = {
        input_tokens: upTo(1_000), cached_input_tokens: upTo(1_200), cache_write_tokens: upTo(1_200),
        cache_write_1h_tokens: upTo(300), audio_input_tokens: upTo(500), cached_audio_tokens: upTo(300),
        image_input_tokens: upTo(500), output_tokens: upTo(1_000), reasoning_tokens: upTo(1_200),
        audio_output_tokens: upTo(300), image_output_tokens: upTo(300), web_searches: upTo(5),
      };
      const price = {
        ...rich, discount_basis_points: upTo(9_000),
        tiers: [{ ...rich, above_input_tokens: 500, input_per_token: '250' }],
      };
      const most = worstCase(price, {
        promptTokens: usage.input_tokens, outputTokens: usage.output_tokens,
        needs: ['audio', 'images', 'cache_control', 'web_search'],
      });
      const cost = BigInt(costOf(usage, price) as string);
      expect(cost >= 0n && cost <= most).toBe(true);
    }
  });
});
