import { existsSync, readFileSync } from 'node:fs';
import type Anthropic from '@anthropic-ai/sdk';
import { Ajv2020 } from 'ajv/dist/2020';
import type OpenAI from 'openai';
import { describe, expect, test } from '@jest/globals';
import { messageToEvents } from '../anthropic/unstream';
import { completionToEvents } from '../openai/unstream';
import { isObject, type JsonObject } from '../json';
import { unsignedThinking } from './marks';
import { newStreamTranslation, stepStream } from './stream';
import { translateRequest, translateResponse } from './translate';

type ChatRequest = OpenAI.ChatCompletionCreateParamsNonStreaming;
type MessagesRequest = Anthropic.MessageCreateParamsNonStreaming;

const claude = { kind: 'anthropic', model: 'claude-sonnet-4-5' } as const;
const gpt = { kind: 'openai', model: 'gpt-4o' } as const;

function toMessages(body: ChatRequest, target = claude): unknown {
  const asked = { ...body } as unknown as JsonObject;
  return translateRequest({ endpoint: '/v1/chat/completions', body: asked }, target)?.body;
}

function toChat(body: MessagesRequest, target = gpt): unknown {
  const asked = { ...body } as unknown as JsonObject;
  return translateRequest({ endpoint: '/v1/messages', body: asked }, target)?.body;
}

describe('a chat request for Anthropic', () => {
  test("is what Anthropic's SDK would send", () => {
    const expected = {
      model: 'claude-sonnet-4-5',
      max_tokens: 8192,
      system: [{ type: 'text', text: 'Be brief.' }],
      messages: [{ role: 'user', content: [{ type: 'text', text: 'Hi' }] }],
      tools: [{ name: 'go', input_schema: { type: 'object', properties: {} } }],
      tool_choice: { type: 'any', disable_parallel_tool_use: true },
    } satisfies MessagesRequest;
    expect(toMessages({
      model: 'chat',
      messages: [{ role: 'developer', content: 'Be brief.' }, { role: 'user', content: 'Hi' }],
      tools: [{ type: 'function', function: { name: 'go' } }],
      tool_choice: 'required',
      parallel_tool_calls: false,
    })).toEqual(expected);
  });

  test('says that no tool may be called without taking the tools away', () => {
    expect(toMessages({
      model: 'chat', messages: [{ role: 'user', content: 'Hi' }], tool_choice: 'none',
      tools: [{ type: 'function', function: { name: 'go' } }],
    })).toMatchObject({ tools: [{ name: 'go' }], tool_choice: { type: 'none' } });
  });

  test('defines the tools of its history where it names none', () => {
    expect(toMessages({ model: 'chat', messages: [
      { role: 'user', content: 'Hi' },
      { role: 'assistant', tool_calls: [
        { id: 'a', type: 'function', function: { name: 'go', arguments: '{}' } },
      ] },
      { role: 'tool', tool_call_id: 'a', content: 'done' },
    ] })).toMatchObject({ tools: [{ name: 'go' }], tool_choice: { type: 'none' } });
  });

  test('of system messages alone becomes a question of the user', () => {
    expect(toMessages({ model: 'chat', messages: [{ role: 'system', content: 'Say hi.' }] }))
      .toMatchObject({ messages: [{ role: 'user', content: [{ text: 'Say hi.' }] }] });
  });

  test('does not think where a tool turn comes without its thinking', () => {
    const body = toMessages({
      model: 'chat', reasoning_effort: 'high', messages: [
        { role: 'user', content: 'Hi' },
        { role: 'assistant', tool_calls: [
          { id: 'a', type: 'function', function: { name: 'go', arguments: '{}' } },
        ] },
        { role: 'tool', tool_call_id: 'a', content: 'done' },
      ],
    });
    expect(body).not.toHaveProperty('thinking');
  });

  test('leaves out thinking that another kind of provider made', () => {
    const message = {
      role: 'assistant', content: 'x',
      thinking_blocks: [{ type: 'thinking', thinking: 'hm', signature: unsignedThinking }],
    } as const;
    expect(toMessages({ model: 'chat', messages: [{ role: 'user', content: 'Hi' }, message] }))
      .toMatchObject({ messages: [{}, { content: [{ type: 'text', text: 'x' }] }] });
  });
});

describe('a Messages request for OpenAI', () => {
  test("is what OpenAI's SDK would send", () => {
    const expected = {
      model: 'gpt-4o',
      max_completion_tokens: 9,
      messages: [{ role: 'system', content: 'Be brief.' }, { role: 'user', content: 'Hi' }],
      tools: [{ type: 'function', function: { name: 'go', parameters: { type: 'object' } } }],
      tool_choice: 'required',
    } satisfies ChatRequest;
    expect(toChat({
      model: 'chat', max_tokens: 9, system: 'Be brief.', messages: [{ role: 'user', content: 'Hi' }],
      tools: [{ name: 'go', input_schema: { type: 'object' } }], tool_choice: { type: 'any' },
    })).toEqual(expected);
  });
});

describe('a turn on one surface that another kind of provider answered', () => {
  test('can be sent back with its signed thinking byte for byte', () => {
    const thinking = { type: 'thinking', thinking: 'hm ü', signature: 'c2ln+/==' };
    const answer = {
      id: 'msg_1', type: 'message', role: 'assistant', model: 'claude', stop_reason: 'tool_use',
      content: [thinking, { type: 'tool_use', id: 'toolu_1', name: 'go', input: { a: 1 } }],
      usage: { input_tokens: 1, output_tokens: 1 },
    };
    const completion = translateResponse('/v1/chat/completions', answer, 5);
    const [choice] = completion.choices as [{ message: ChatRequest['messages'][number] }];
    const next = toMessages({ model: 'chat', messages: [
      { role: 'user', content: 'Hi' }, choice.message,
      { role: 'tool', tool_call_id: 'toolu_1', content: 'done' },
    ] }) as MessagesRequest;
    expect(next.messages[1]?.content).toEqual(answer.content);
  });
});

const contract = '../shared/contracts/openai-openapi.json';
const whenContract = existsSync(contract) ? test : test.skip;

describe("what reaches OpenAI's clients from Anthropic", () => {
  const answer = {
    id: 'msg_1', type: 'message', role: 'assistant', model: 'claude', stop_reason: 'tool_use',
    content: [
      { type: 'thinking', thinking: 'hm', signature: 's' }, { type: 'text', text: 'Going.' },
      { type: 'tool_use', id: 'toolu_1', name: 'go', input: {} },
    ],
    usage: { input_tokens: 1, output_tokens: 1, cache_read_input_tokens: 4 },
  };
  /** OpenAPI's `nullable` allows null also beside an enum or a reference. */
  const nullable = (_key: string, value: unknown): unknown => {
    if (!isObject(value) || value.nullable !== true) return value;
    return { anyOf: [{ ...value, nullable: undefined }, { type: 'null' }] };
  };
  const checkFor = (schema: string): ((value: unknown) => unknown) => {
    const ajv = new Ajv2020({ strict: false, validateFormats: false });
    const text = readFileSync(contract, 'utf8');
    const api = JSON.parse(JSON.stringify(JSON.parse(text, nullable))) as JsonObject;
    ajv.addSchema(api, 'api');
    const validate = ajv.getSchema(`api#/components/schemas/${schema}`)!;
    return (value) => (validate(value) === true ? null : validate.errors);
  };

  whenContract('is a chat completion by the contract (needs the contract beside the clone)', () => {
    const completion = translateResponse('/v1/chat/completions', answer, 5);
    expect(checkFor('CreateChatCompletionResponse')(completion)).toBeNull();
  });

  whenContract('is a stream of chunks by the contract (needs the contract too)', () => {
    const check = checkFor('CreateChatCompletionStreamResponse');
    const translation = newStreamTranslation('anthropic', 'openai', {
      createdS: 5, includeUsage: true,
    })!;
    const translated = messageToEvents(answer)
      .flatMap(({ data }) => stepStream(translation, JSON.parse(data) as JsonObject));
    const again = completionToEvents(
      translateResponse('/v1/chat/completions', answer, 5), { includeUsage: true },
    );
    for (const { data } of [...translated, ...again]) {
      if (data === '[DONE]') continue;
      expect(check(JSON.parse(data))).toBeNull();
    }
  });
});
