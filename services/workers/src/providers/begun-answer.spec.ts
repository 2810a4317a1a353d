// A request with the beginning of its answer, in the provider's way.
import { describe, expect, test } from '@jest/globals';
import { type ContinuesWay } from '@libs/events/routing-policy';
import { type JsonObject } from '@libs/surfaces/json';
import { withBegunAnswer } from './begun-answer';
import { buildRequest } from './build-request';

const body = '{"model":"m", "seed":12345678901234567890,"messages": [ {"role":"user","content":"]q"} ] ,"max_tokens":100}';

function begun(way: ContinuesWay, text = 'One two '): { raw: string; json: JsonObject } {
  const raw = withBegunAnswer(Buffer.from(body), { text, way })!.toString();
  return { raw, json: JSON.parse(raw) as JsonObject };
}

describe('the beginning of an answer', () => {
  test('is the last message, without white space at its end', () => {
    expect(begun('assistant').json.messages).toEqual([
      { role: 'user', content: ']q' }, { role: 'assistant', content: 'One two' },
    ]);
  });

  test('is marked as one where the provider wants that', () => {
    expect(begun('prefix').json.messages).toMatchObject([{}, { content: 'One two ', prefix: true }]);
    expect(begun('continue_final_message').json).toMatchObject({
      continue_final_message: true, add_generation_prompt: false, messages: [{}, { content: 'One two ' }],
    });
  });

  test('counts for the bound of the answer; all else stays as it was written', () => {
    expect(begun('assistant').json.max_tokens).toBe(98);
    expect(begun('assistant', 'x'.repeat(4_000)).json.max_tokens).toBe(1);
    expect(begun('assistant').raw).toContain('"seed":12345678901234567890,');
  });

  test('needs messages', () => {
    expect(withBegunAnswer(Buffer.from('{"prompt":"q"}'), { text: 'a', way: 'prefix' })).toBeNull();
    expect(withBegunAnswer(Buffer.from('{"messages":[]}'), { text: 'a', way: 'prefix' })).toBeNull();
  });

  test('is added in the words of the provider, for a client of the other surface too', () => {
    const built = buildRequest({
      providerId: 'p', kind: 'anthropic', baseUrl: 'http://p', model: 'claude-sonnet-4-5', secret: null,
      timeouts: { connectMs: 1, firstTokenMs: 1, stallMs: 1, totalMs: 1 }, dropParams: false,
    }, {
      surface: 'openai', endpoint: '/v1/chat/completions', stream: true, streamUsage: false,
      body: Buffer.from('{"model":"m","messages":[{"role":"user","content":"q"}]}'), headers: {},
      attemptId: 'att_1', signal: new AbortController().signal, deadlineAtMs: 1,
      begun: { text: 'One two ', way: 'assistant' },
    });
    expect(built.kind === 'ready' && JSON.parse(built.body.toString())).toMatchObject({
      messages: [{ role: 'user' }, { role: 'assistant', content: 'One two' }], stream: true,
    });
  });
});
