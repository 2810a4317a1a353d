import { describe, expect, test } from '@jest/globals';
import { inspect } from './inspect';
import { type Endpoint } from './surface';

const chat = { model: 'm', messages: [{ role: 'user', content: 'Hi' }] };
const message = { ...chat, max_tokens: 5 };

describe('a request that cannot be right', () => {
  test.each<[string, Endpoint, unknown, string]>([
    ['no object', '/v1/chat/completions', [], 'body'],
    ['no model', '/v1/chat/completions', { messages: [] }, 'model'],
    ['no messages', '/v1/chat/completions', { model: 'm' }, 'messages'],
    ['empty messages', '/v1/chat/completions', { model: 'm', messages: [] }, 'messages'],
    ['an unknown role', '/v1/chat/completions',
      { model: 'm', messages: [{ role: 'robot', content: '' }] }, 'messages[0].role'],
    ['a tool answer without its call', '/v1/chat/completions',
      { model: 'm', messages: [{ role: 'tool', content: '' }] }, 'messages[0].tool_call_id'],
    ['a user without content', '/v1/chat/completions',
      { model: 'm', messages: [{ role: 'user' }] }, 'messages[0].content'],
    ['a part without type', '/v1/chat/completions',
      { model: 'm', messages: [{ role: 'user', content: [{}] }] }, 'messages[0].content[0]'],
    ['no tokens', '/v1/chat/completions', { ...chat, max_tokens: 0 }, 'max_tokens'],
    ['half a token', '/v1/chat/completions', { ...chat, max_tokens: 0.5 }, 'max_tokens'],
    ['a hot temperature', '/v1/chat/completions', { ...chat, temperature: 3 }, 'temperature'],
    ['stream as text', '/v1/chat/completions', { ...chat, stream: 'yes' }, 'stream'],
    ['five stops', '/v1/chat/completions', { ...chat, stop: ['a', 'b', 'c', 'd', 'e'] }, 'stop'],
    ['a schema format without schema', '/v1/chat/completions',
      { ...chat, response_format: { type: 'json_schema' } }, 'response_format.json_schema'],
    ['no max_tokens', '/v1/messages', chat, 'max_tokens'],
    ["OpenAI's temperature", '/v1/messages', { ...message, temperature: 1.5 }, 'temperature'],
    ['system as number', '/v1/messages', { ...message, system: 1 }, 'system'],
    ['more tokens than there are numbers', '/v1/chat/completions', { ...chat, max_tokens: 1e300 }, 'max_tokens'],
    ['no prompt', '/v1/completions', { model: 'm' }, 'prompt'],
    ['no input', '/v1/embeddings', { model: 'm' }, 'input'],
  ])('(%s) is refused with the parameter at fault', (_name, endpoint, body, param) => {
    expect(inspect(endpoint, body)).toMatchObject({ kind: 'refused', status: 400, param });
  });
});

describe('what a request needs', () => {
  test('is nothing where it asks for the defaults', () => {
    const body = {
      ...chat, n: 1, logprobs: false, presence_penalty: 0, stop: null, tools: [],
      response_format: { type: 'text' }, service_tier: 'auto', unknown_field: { kept: true },
    };
    expect(inspect('/v1/chat/completions', body)).toMatchObject({ kind: 'ok', needs: [] });
  });

  test('is read from parameters, tools and parts of a chat request', () => {
    const body = {
      model: 'm', stream: true, stream_options: { include_usage: true }, n: 2, seed: 1,
      logprobs: true, logit_bias: { 5: 1 }, frequency_penalty: 1, stop: '\n', top_k: 3,
      reasoning_effort: 'low', response_format: { type: 'json_object' }, metadata: {},
      service_tier: 'flex', prediction: {}, max_completion_tokens: 9,
      tools: [{ type: 'function' }, { type: 'custom' }], parallel_tool_calls: false,
      messages: [{ role: 'user', content: [
        { type: 'image_url' }, { type: 'file', file: { file_id: 'f' } }, { type: 'input_audio' },
      ] }],
    };
    const found = inspect('/v1/chat/completions', body);
    expect(found).toMatchObject({
      kind: 'ok', model: 'm', stream: true, wantsStreamUsage: true, maxOutputTokens: 9,
    });
    expect(found.kind === 'ok' && [...found.needs].sort()).toEqual([
      'audio', 'blank_stops', 'custom_tools', 'documents', 'file_ids', 'images', 'json_object',
      'logit_bias', 'logprobs', 'metadata', 'n', 'parallel_tools', 'penalties', 'prediction',
      'seed', 'service_tier', 'stop', 'streaming', 'thinking', 'tools', 'top_k',
    ]);
  });

  test('is read from a Messages request, inside tool results too', () => {
    const found = inspect('/v1/messages', {
      ...message, top_k: 1, thinking: { type: 'enabled', budget_tokens: 1024 },
      output_config: { format: { type: 'json_schema', schema: {} } },
      tools: [{ name: 'a' }, { type: 'web_search_20250305', name: 'web_search' }],
      tool_choice: { type: 'auto', disable_parallel_tool_use: true },
      messages: [{ role: 'user', content: [
        { type: 'tool_result', content: [{ type: 'image', source: { type: 'file' } }] },
        { type: 'document', source: { type: 'url' }, cache_control: { type: 'ephemeral' } },
      ] }],
    });
    expect(found.kind === 'ok' && [...found.needs].sort()).toEqual([
      'cache_control', 'document_urls', 'documents', 'file_ids', 'images', 'json_schema',
      'parallel_tools', 'server_tools', 'thinking', 'tools', 'top_k',
    ]);
  });

  test('is paid for as often as there are answers', () => {
    const answers = (endpoint: Endpoint, more: object): unknown =>
      inspect(endpoint, { ...chat, max_tokens: 5, prompt: 'Hi', input: 'Hi', ...more });
    expect(answers('/v1/chat/completions', {})).toMatchObject({ maxOutputTokens: 5, answers: 1 });
    expect(answers('/v1/chat/completions', { n: 3 })).toMatchObject({ maxOutputTokens: 5, answers: 3 });
    expect(answers('/v1/completions', { n: 2, best_of: 4 })).toMatchObject({ answers: 4 });
    expect(answers('/v1/completions', { n: 2, prompt: ['a', 'b', 'c'] })).toMatchObject({ answers: 6 });
    expect(answers('/v1/completions', { prompt: [15339, 1917] })).toMatchObject({ answers: 1 });
    expect(answers('/v1/completions', { prompt: [[15339], [1917]] })).toMatchObject({ answers: 2 });
    expect(answers('/v1/embeddings', { input: ['a', 'b'] })).toMatchObject({ maxOutputTokens: 0, answers: 1 });
  });

  test('has a prompt estimate that counts text by length and script, and a picture by the piece', () => {
    const text = 'x'.repeat(4000);
    const big = `data:image/png;base64,${'A'.repeat(1_000_000)}`;
    const estimate = (content: unknown): number => {
      const found = inspect('/v1/chat/completions', {
        model: 'm', messages: [{ role: 'user', content }],
      });
      return found.kind === 'ok' ? found.promptTokensEstimate : -1;
    };
    expect(estimate(text)).toBeGreaterThanOrEqual(1000);
    expect(estimate(text)).toBeLessThan(1020);
    expect(estimate('\u6f22'.repeat(1000))).toBeGreaterThanOrEqual(1000);
    expect(estimate('\u0436'.repeat(1000))).toBeGreaterThanOrEqual(600);
    expect(estimate('\u0436'.repeat(1000))).toBeLessThan(700);
    const picture = estimate([{ type: 'image_url', image_url: { url: big } }]);
    expect(picture).toBeGreaterThan(1000);
    expect(picture).toBeLessThan(1100);
  });
});
