import { describe, expect, test } from '@jest/globals';
import { unsignedThinking } from '@libs/surfaces/translate/marks';
import { buildRequest, type ReadyRequest } from './build-request';
import { type UpstreamRequest, type UpstreamTarget } from './outcome';

const timeouts = { connectMs: 1, firstTokenMs: 1, stallMs: 1, totalMs: 1 };
const openai: UpstreamTarget = {
  providerId: 'o', kind: 'openai', baseUrl: 'https://api.openai.com/v1/', model: 'gpt-4o',
  secret: 'sk', timeouts, dropParams: false,
};
const anthropic: UpstreamTarget = {
  ...openai, providerId: 'a', kind: 'anthropic', baseUrl: 'https://api.anthropic.com',
  model: 'claude-sonnet-4-5',
};

function chat(body: string, more: Partial<UpstreamRequest> = {}): UpstreamRequest {
  return {
    surface: 'openai', endpoint: '/v1/chat/completions', stream: false, streamUsage: false,
    body: Buffer.from(body), headers: {}, attemptId: 'att_1',
    signal: new AbortController().signal, deadlineAtMs: 0, ...more,
  };
}

function ready(target: UpstreamTarget, request: UpstreamRequest): ReadyRequest {
  const built = buildRequest(target, request);
  if (built.kind !== 'ready') throw new Error(built.message);
  return built;
}

const messages = '"messages":[{"role":"user","content":"Hi"}]';

describe('a body for a provider of the same kind', () => {
  test('is untouched where the model is the same', () => {
    const body = `{ "model":"gpt-4o", "seed": 1.0, ${messages} }`;
    expect(ready(openai, chat(body)).body.toString()).toBe(body);
  });

  test('changes in its model only', () => {
    expect(ready(openai, chat(`{ "model":"chat", "seed": 1.0, ${messages} }`)).body.toString())
      .toBe(`{ "model":"gpt-4o", "seed": 1.0, ${messages} }`);
  });

  test('asks for usage in every stream', () => {
    const sent = (body: string): unknown => (
      JSON.parse(ready(openai, chat(body, { stream: true })).body.toString())
    );
    expect(sent(`{"model":"gpt-4o","stream":true,${messages}}`))
      .toMatchObject({ stream: true, stream_options: { include_usage: true } });
    expect(sent(`{"model":"gpt-4o","stream":true,"stream_options":{"x":1},${messages}}`))
      .toMatchObject({ stream_options: { x: 1, include_usage: true } });
    const asked = '{"model":"gpt-4o","stream":true,"stream_options":{"include_usage":true}}';
    expect(ready(openai, chat(asked, { stream: true })).body.toString()).toBe(asked);
  });

  test('streams exactly when the caller wants a stream', () => {
    const body = '{"model":"gpt-4o","stream":true,"stream_options":{"include_usage":true}}';
    expect(ready(openai, chat(body)).body.toString()).toBe('{"model":"gpt-4o","stream":false}');
    expect(ready(openai, chat('{"model":"gpt-4o"}', { stream: true })).body.toString()).toBe(
      '{"stream":true,"stream_options":{"include_usage":true},"model":"gpt-4o"}',
    );
  });

  test('does not carry our own fallbacks', () => {
    const body = '{"model":"chat","stream_options":{},"fallbacks":["openai/gpt-4o"]}';
    expect(ready(openai, chat(body)).body.toString()).toBe('{"model":"gpt-4o"}');
  });

  test('does not carry thinking that only the other kind understands', () => {
    const thought = `[{"type":"thinking","thinking":"hm","signature":"${unsignedThinking}"},`
      + '{"type":"text","text":"x"}]';
    const body = `{"model":"c","messages":[{"role":"assistant","content":${thought}}]}`;
    const request = chat(body, { surface: 'anthropic', endpoint: '/v1/messages' });
    expect(JSON.parse(ready(anthropic, request).body.toString())).toMatchObject({
      messages: [{ content: [{ type: 'text', text: 'x' }] }],
    });
    const own = '{"model":"gpt-4o","messages":[{"role":"assistant","content":"x",'
      + '"reasoning_content":"hm","thinking_blocks":[]}]}';
    expect(JSON.parse(ready(openai, chat(own)).body.toString()))
      .toEqual({ model: 'gpt-4o', messages: [{ role: 'assistant', content: 'x' }] });
  });
});

describe('the address and headers', () => {
  test('follow the base URL and custom of each kind', () => {
    const body = `{"model":"m",${messages}}`;
    const toOpenai = ready(openai, chat(body));
    expect(toOpenai).toMatchObject({
      origin: 'https://api.openai.com', path: '/v1/chat/completions',
      headers: { authorization: 'Bearer sk', 'x-client-request-id': 'att_1' },
    });
    const toAnthropic = ready(anthropic, chat(body));
    expect(toAnthropic).toMatchObject({
      origin: 'https://api.anthropic.com', path: '/v1/messages',
      headers: { 'x-api-key': 'sk', 'anthropic-version': '2023-06-01' },
    });
  });

  test('pass on the surface’s own headers to its own kind only, the trace to both', () => {
    const headers = {
      'anthropic-version': '2024-01-01', 'anthropic-beta': 'b', traceparent: 't', cookie: 'no',
    };
    const request = chat(`{"model":"m","max_tokens":5,${messages}}`, {
      surface: 'anthropic', endpoint: '/v1/messages', headers,
    });
    const own = ready(anthropic, request).headers;
    expect(own).toMatchObject({
      'anthropic-version': '2024-01-01', 'anthropic-beta': 'b', traceparent: 't',
    });
    expect(own).not.toHaveProperty('cookie');
    const other = ready(openai, request).headers;
    expect(other).toMatchObject({ traceparent: 't' });
    expect(other).not.toHaveProperty('anthropic-beta');
  });
});

describe('a request that the provider cannot honour', () => {
  const body = `{"model":"m","n":2,"store":true,${messages}}`;

  test('is not sent', () => {
    expect(buildRequest(anthropic, chat(body))).toMatchObject({
      kind: 'unfit', message: 'a cannot honour: n.',
    });
  });

  test('is sent without it where that is allowed, and what is missing is named', () => {
    expect(ready({ ...anthropic, dropParams: true }, chat(body)).dropped).toEqual(['n', 'store']);
  });

  test('is not sent for an endpoint that only the other kind has', () => {
    const request = chat('{"model":"m","input":"x"}', { endpoint: '/v1/embeddings' });
    expect(buildRequest(anthropic, request)).toMatchObject({ kind: 'unfit' });
  });
});
