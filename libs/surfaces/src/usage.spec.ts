import { describe, expect, test } from '@jest/globals';
import { completionUsageOf, messageUsageOf } from './translate/usage';
import { normalizeUsage } from './usage';

const booked = {
  input_tokens: 260, cached_input_tokens: 200, cache_write_tokens: 50, output_tokens: 30,
  reasoning_tokens: 4,
};
const message = {
  input_tokens: 10, cache_read_input_tokens: 200, cache_creation_input_tokens: 50,
  output_tokens: 30, output_tokens_details: { thinking_tokens: 4 },
};

describe('usage', () => {
  test('of Anthropic excludes cached tokens, what is booked includes them', () => {
    expect(normalizeUsage('anthropic', message)).toEqual(booked);
  });

  test('of OpenAI includes cached tokens already', () => {
    expect(normalizeUsage('openai', completionUsageOf(message)))
      .toEqual({ ...booked, cache_write_tokens: 0 });
  });

  test('means the same tokens after a translation there and back', () => {
    const back = normalizeUsage('anthropic', messageUsageOf(completionUsageOf(message)));
    expect(back).toEqual({ ...booked, cache_write_tokens: 0 });
  });

  test('that nobody told is unknown, not zero', () => {
    expect(normalizeUsage('openai', undefined)).toBeNull();
    expect(normalizeUsage('anthropic', { input_tokens: null })).toBeNull();
  });

  test('of embeddings has no output', () => {
    expect(normalizeUsage('openai', { prompt_tokens: 8, total_tokens: 8 }))
      .toMatchObject({ input_tokens: 8, output_tokens: 0 });
  });
});
