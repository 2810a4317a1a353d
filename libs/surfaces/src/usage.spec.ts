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

  test('names audio, pictures and searches only where there were any', () => {
    const said = {
      prompt_tokens: 20, completion_tokens: 9,
      prompt_tokens_details: { cached_tokens: 4, audio_tokens: 6, image_tokens: 0, cached_tokens_details: { audio_tokens: 2 } },
      completion_tokens_details: { audio_tokens: 7 },
    };
    expect(normalizeUsage('openai', said)).toEqual({
      input_tokens: 20, cached_input_tokens: 4, cache_write_tokens: 0, output_tokens: 9,
      reasoning_tokens: 0, audio_input_tokens: 6, cached_audio_tokens: 2, audio_output_tokens: 7,
    });
    const message = {
      input_tokens: 3, output_tokens: 1, cache_creation_input_tokens: 5,
      cache_creation: { ephemeral_1h_input_tokens: 4 }, server_tool_use: { web_search_requests: 2 },
    };
    expect(normalizeUsage('anthropic', message)).toMatchObject({ cache_write_1h_tokens: 4, web_searches: 2 });
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
