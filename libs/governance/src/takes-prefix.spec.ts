// Which targets can go on with an answer that has begun.
import { expect, test } from '@jest/globals';
import type { ProviderConfig } from '@libs/events/governance-events';
import { providerTypes, type ProviderTypeName } from './provider-types';
import { takesPrefix } from './takes-prefix';

function provider(
  kind: ProviderConfig['kind'], baseUrl: string, continues?: ProviderConfig['continues'],
): ProviderConfig {
  return {
    provider: 'p', kind, base_url: baseUrl, models: ['*'], default_model: null, keys: [],
    timeouts: { connect_ms: 1, first_token_ms: 1, stall_ms: 1, total_ms: 1 },
    weight: 1, fallback: true, headers: {}, origin: 'file',
    ...(continues === undefined ? {} : { continues }),
  };
}
const known = (type: ProviderTypeName, model: string): ReturnType<typeof takesPrefix> =>
  takesPrefix(provider(providerTypes[type].kind, providerTypes[type].baseUrl), model);

test.each(['claude-sonnet-4-5', 'claude-haiku-4-5-20251001', 'claude-opus-4-1', 'claude-3-5-haiku-latest'])(
  'Anthropic goes on with %s', (model) => {
    expect(known('anthropic', model)).toEqual({ way: 'assistant', echoes: false, baseUrl: null });
  });

test.each(['claude-opus-4-6', 'claude-sonnet-4-6', 'claude-opus-4-7', 'claude-sonnet-5'])(
  'Anthropic refuses to with %s', (model) => {
    expect(known('anthropic', model)).toBeNull();
  });

test('Mistral repeats the beginning; DeepSeek goes on at its beta address', () => {
  expect(known('mistral', 'mistral-small-latest')).toEqual({ way: 'prefix', echoes: true, baseUrl: null });
  expect(known('deepseek', 'deepseek-chat')).toMatchObject({
    way: 'prefix', echoes: false, baseUrl: 'https://api.deepseek.com/beta',
  });
});

test('OpenAI never does, whatever is configured', () => {
  expect(known('openai', 'gpt-4o')).toBeNull();
  expect(takesPrefix(provider('openai', 'https://api.openai.com/v1', 'prefix'), 'gpt-4o')).toBeNull();
});

test('of other servers their configuration says it', () => {
  expect(known('groq', 'llama-3.3-70b-versatile')).toBeNull();
  expect(takesPrefix(provider('openai', 'http://vllm:8000/v1'), 'm')).toBeNull();
  expect(takesPrefix(provider('openai', 'http://vllm:8000/v1', 'continue_final_message'), 'm'))
    .toEqual({ way: 'continue_final_message', echoes: false, baseUrl: null });
  expect(takesPrefix(provider('anthropic', 'http://own', 'assistant'), 'own')?.way).toBe('assistant');
});
