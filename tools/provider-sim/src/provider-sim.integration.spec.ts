// The simulator against the official clients, its faults, its ledger and its pace.
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import Anthropic from '@anthropic-ai/sdk';
import OpenAI from 'openai';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { faultNames } from './behaviour';
import { type LedgerRecord } from './ledger';
import { type ProviderSim, startProviderSim } from './start';

/** Answers are looked into by path; the clients' types of chunks and errors would be in the way. */
// eslint-disable-next-line @typescript-eslint/no-explicit-any -- see above
type Loose = any;

let sim: ProviderSim;
const hello = [{ role: 'user' as const, content: 'Hello there, simulator' }];
const weather = {
  type: 'object' as const,
  properties: { city: { type: 'string' }, days: { type: 'integer', minimum: 2 } },
  required: ['city'],
};

beforeAll(async () => {
  sim = await startProviderSim();
});
afterAll(() => sim.close());
beforeEach(() => {
  sim.clearLedger();
});

const openai = (name = 'a', headers: Record<string, string> = {}) => new OpenAI({
  apiKey: 'sk-secret-1234', baseURL: `${sim.url}/p/${name}/v1`, maxRetries: 0,
  defaultHeaders: headers, logLevel: 'off',
});
const anthropic = (name = 'a', headers: Record<string, string> = {}) => new Anthropic({
  apiKey: 'sk-ant-5678', baseURL: `${sim.url}/p/${name}`, maxRetries: 0, logLevel: 'off',
  defaultHeaders: headers,
});

/** The client may see its answer a moment before the server sees that it has left. */
async function settled(count: number): Promise<LedgerRecord[]> {
  for (let tries = 0; tries < 2_000; tries++) {
    const records = sim.ledger();
    const over = records.filter(({ outcome }) => outcome !== 'running');
    if (records.length >= count && over.length === records.length) return records;
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  throw new Error(`not settled: ${JSON.stringify(sim.ledger())}`);
}

async function failure(call: Promise<unknown>): Promise<Loose> {
  return call.then(() => { throw new Error('it did not fail'); }, (error: unknown) => error);
}

async function drain(stream: AsyncIterable<Loose>): Promise<Loose[]> {
  const out: Loose[] = [];
  for await (const one of stream) out.push(one);
  return out;
}

describe('an OpenAI client', () => {
  test('gets the same words for the same prompt, and is billed for them', async () => {
    const ask = () => openai().chat.completions.create({ model: 'sim-small', messages: hello });
    const [one, two] = [await ask(), await ask()];
    expect(one.choices[0]!.message.content).toContain('You said: "Hello there, simulator"');
    expect(one.choices[0]!.message.content).toBe(two.choices[0]!.message.content);
    expect(one.id).not.toBe(two.id);
    expect(one.usage).toMatchObject({ prompt_tokens: 6, completion_tokens: 16, total_tokens: 22 });
    expect(await settled(2)).toMatchObject([
      {
        provider: 'a', key: '1234', model: 'sim-small', outcome: 'served', status: 200,
        usage: { prompt: 6, completion: 16 }, tokensSent: 16,
      },
      { outcome: 'served' },
    ]);
  });

  test('is cut off at its own limit', async () => {
    const answer = await openai().chat.completions
      .create({ model: 'm', messages: hello, max_completion_tokens: 5, n: 2 });
    expect(answer.choices.map((choice) => choice.finish_reason)).toEqual(['length', 'length']);
    expect(answer.usage!.completion_tokens).toBe(10);
    expect(answer.choices[1]!.message.content).toHaveLength(20);
  });

  test('streams the words that the whole answer has, with usage only when asked', async () => {
    const whole = await openai().chat.completions.create({ model: 'm', messages: hello });
    const plain = await drain(await openai().chat.completions
      .create({ model: 'm', messages: hello, stream: true }));
    const counted = await drain(await openai().chat.completions.create({
      model: 'm', messages: hello, stream: true, stream_options: { include_usage: true },
    }));
    const text = plain.map((chunk) => chunk.choices[0].delta.content ?? '').join('');
    expect(text).toBe(whole.choices[0]!.message.content);
    expect(plain.some((chunk) => 'usage' in chunk)).toBe(false);
    expect(counted.at(-1)).toMatchObject({ choices: [], usage: whole.usage });
    expect(counted.at(-2).usage).toBeNull();
  });

  test('gets tool calls with arguments that fit the schema, whole and in pieces', async () => {
    const tools = ['first', 'second'].map((name) => (
      { type: 'function' as const, function: { name, parameters: weather } }
    ));
    const request = { model: 'm', tools, messages: hello, tool_choice: 'required' as const };
    const whole = await openai().chat.completions.create(request);
    const call = whole.choices[0]!.message.tool_calls![0]! as Loose;
    expect(whole.choices[0]!.finish_reason).toBe('tool_calls');
    expect(call.function.name).toBe('first');
    expect(JSON.parse(call.function.arguments)).toMatchObject({ days: 2 });
    const stream = openai().chat.completions.stream({
      model: 'm', tools, messages: [{ role: 'user', content: 'please use the tools' }],
    });
    const final = await stream.finalChatCompletion();
    const calls = final.choices[0]!.message.tool_calls as Loose[];
    expect(calls.map(({ function: { name } }) => name)).toEqual(['first', 'second']);
    expect(JSON.parse(calls[1].function.arguments)).toMatchObject({ days: 2 });
  });

  test('gets words after it brought the tool its result', async () => {
    const answer = await openai().chat.completions.create({
      model: 'm',
      tools: [{ type: 'function', function: { name: 'f', parameters: weather } }],
      messages: [
        { role: 'user', content: 'use the tool' },
        {
          role: 'assistant',
          tool_calls: [{ id: 'c', type: 'function', function: { name: 'f', arguments: '{}' } }],
        },
        { role: 'tool', tool_call_id: 'c', content: 'sunny' },
      ],
    });
    expect(answer.choices[0]!.finish_reason).toBe('stop');
  });

  test('gets JSON that fits the schema it asked for', async () => {
    const answer = await openai().chat.completions.create({
      model: 'm', messages: hello,
      response_format: { type: 'json_schema', json_schema: { name: 'w', schema: weather } },
    });
    expect(JSON.parse(answer.choices[0]!.message.content!)).toMatchObject({ days: 2 });
  });

  test('may send images, and pays for each', async () => {
    const url = 'data:image/png;base64,AAAA';
    const answer = await openai().chat.completions.create({
      model: 'm',
      messages: [{
        role: 'user',
        content: [{ type: 'text', text: 'what?' }, { type: 'image_url', image_url: { url } }],
      }],
    });
    expect(answer.usage!.prompt_tokens).toBe(2 + 85);
  });

  test('completes text, whole and streamed', async () => {
    const whole = await openai().completions
      .create({ model: 'm', prompt: 'Once', max_tokens: 8 });
    const parts = await drain(await openai().completions
      .create({ model: 'm', prompt: 'Once', max_tokens: 8, stream: true }));
    expect(whole.choices[0]!.text).toHaveLength(32);
    expect(parts.map((part) => part.choices[0].text).join('')).toBe(whole.choices[0]!.text);
  });

  test('embeds: unit vectors, near for texts that share words', async () => {
    const input = ['the red boat', 'a red boat', 'quarterly tax report'];
    const made = await openai().embeddings.create({ model: 'm', input, dimensions: 256 });
    const [a, b, c] = made.data.map(({ embedding }) => embedding);
    const dot = (x: number[], y: number[]) => x.reduce((sum, v, at) => sum + v * y[at]!, 0);
    expect(dot(a!, a!)).toBeCloseTo(1, 4);
    expect(dot(a!, b!)).toBeGreaterThan(dot(a!, c!) + 0.2);
    expect(made.usage.prompt_tokens).toBeGreaterThan(0);
    const floats = await openai().embeddings
      .create({ model: 'm', input: 'one', encoding_format: 'float' });
    expect(floats.data[0]!.embedding).toHaveLength(1536);
  });

  test('sees models, and 404 for one that is not there', async () => {
    const names = (await openai().models.list()).data.map(({ id }) => id);
    expect(names).toEqual(['sim-small', 'sim-large', 'sim-slow', 'sim-fail']);
    expect((await openai().models.retrieve('sim-large')).id).toBe('sim-large');
    expect(await failure(openai().models.retrieve('nope'))).toBeInstanceOf(OpenAI.NotFoundError);
  });
});

describe('an Anthropic client', () => {
  const request = { model: 'm', max_tokens: 100, messages: hello };

  test('gets a message, and the same one as a stream', async () => {
    const whole = await anthropic().messages.create(request);
    const final = await anthropic().messages.stream(request).finalMessage();
    expect(whole).toMatchObject({
      type: 'message', role: 'assistant', stop_reason: 'end_turn',
      usage: { input_tokens: 6, output_tokens: 32 },
    });
    expect(final.content).toEqual(whole.content);
    expect(final.usage).toMatchObject({ input_tokens: 6, output_tokens: 32 });
  });

  test('sees the events in the order of the real API', async () => {
    const response = await fetch(`${sim.url}/v1/messages`, {
      method: 'POST', body: JSON.stringify({ ...request, max_tokens: 2, stream: true }),
    });
    const types = [...(await response.text()).matchAll(/^event: (.*)$/gm)].map(([, type]) => type);
    expect(types).toEqual([
      'message_start', 'content_block_start', 'ping', 'content_block_delta', 'content_block_delta',
      'content_block_stop', 'message_delta', 'message_stop',
    ]);
  });

  test('gets tool_use, whole and in pieces', async () => {
    const asked = {
      ...request, tools: [{ name: 'look', input_schema: weather }],
      tool_choice: { type: 'any' as const },
    };
    const whole = await anthropic().messages.create(asked);
    const final = await anthropic().messages.stream(asked).finalMessage();
    expect(whole.stop_reason).toBe('tool_use');
    expect(whole.content[0]).toMatchObject({ type: 'tool_use', name: 'look', input: { days: 2 } });
    expect((final.content[0] as Loose).input).toEqual((whole.content[0] as Loose).input);
  });

  test('gets thinking when it asks for it', async () => {
    const asked = { ...request, thinking: { type: 'enabled' as const, budget_tokens: 1024 } };
    const whole = await anthropic().messages.create({ ...asked, max_tokens: 2048 });
    const final = await anthropic().messages.stream({ ...asked, max_tokens: 2048 }).finalMessage();
    expect(whole.content.map(({ type }) => type)).toEqual(['thinking', 'text']);
    expect((final.content[0] as Loose).thinking).toBe((whole.content[0] as Loose).thinking);
    expect((final.content[0] as Loose).signature).not.toBe('');
    expect(whole.usage.output_tokens).toBe(32 + 12);
  });

  test('pays for a marked prefix once as written, then as read', async () => {
    const system = [{
      type: 'text' as const, text: 'x'.repeat(4000),
      cache_control: { type: 'ephemeral' as const },
    }];
    const first = await anthropic('cache').messages.create({ ...request, system });
    const second = await anthropic('cache').messages.create({ ...request, system });
    expect(first.usage).toMatchObject({
      input_tokens: 6, cache_creation_input_tokens: 1000, cache_read_input_tokens: 0,
    });
    expect(second.usage).toMatchObject({
      input_tokens: 6, cache_creation_input_tokens: 0, cache_read_input_tokens: 1000,
    });
    expect((await settled(2))[1]!.usage).toMatchObject({ prompt: 1006, cached: 1000 });
  });

  test('counts tokens and lists models', async () => {
    const { input_tokens: tokens } = await anthropic().messages
      .countTokens({ model: 'm', messages: hello });
    expect(tokens).toBe(6);
    const models = (await anthropic().models.list()).data;
    expect(models[0]).toMatchObject({ type: 'model', id: 'sim-small' });
  });
});

describe('an error', () => {
  const rows = [
    ['bad_request', 400, 400], ['unauthorized', 401, 401], ['insufficient_quota', 429, 402],
    ['forbidden', 403, 403], ['not_found', 404, 404], ['rate_limited', 429, 429],
    ['server_error', 500, 500], ['unavailable', 503, 503], ['overloaded', 503, 529],
    ['context_length_exceeded', 400, 400], ['content_filter', 400, 400],
  ] as const;

  test.each(rows)('%s is what each client knows it as, and costs nothing', async (...row) => {
    const [fault, openaiStatus, anthropicStatus] = row;
    const headers = { 'x-sim': `fault=${fault}` };
    const one = await failure(
      openai('a', headers).chat.completions.create({ model: 'm', messages: hello }));
    const two = await failure(
      anthropic('a', headers).messages.create({ model: 'm', max_tokens: 9, messages: hello }));
    expect(one).toBeInstanceOf(OpenAI.APIError);
    expect(two).toBeInstanceOf(Anthropic.APIError);
    expect([one.status, two.status]).toEqual([openaiStatus, anthropicStatus]);
    expect(two.error.type).toBe('error');
    for (const record of await settled(2)) {
      expect(record).toMatchObject({ outcome: 'error', fault, usage: { prompt: 0, completion: 0 } });
    }
  });

  test('429 says when to come back', async () => {
    const headers = { 'x-sim': 'fault=rate_limited,retry=7' };
    const one = await failure(
      openai('a', headers).chat.completions.create({ model: 'm', messages: hello }));
    const two = await failure(
      anthropic('a', headers).messages.create({ model: 'm', max_tokens: 9, messages: hello }));
    expect(one.headers.get('retry-after')).toBe('7');
    expect(one.headers.get('x-ratelimit-remaining-requests')).toBe('0');
    expect(one.code).toBe('rate_limit_exceeded');
    expect(two.headers.get('retry-after')).toBe('7');
    expect(Date.parse(two.headers.get('anthropic-ratelimit-requests-reset'))).toBeGreaterThan(0);
  });

  test('429 may keep to itself when to come back', async () => {
    const headers = { 'x-sim': 'fault=rate_limited,retry=none' };
    const one = await failure(
      openai('a', headers).chat.completions.create({ model: 'm', messages: hello }));
    const two = await failure(
      anthropic('a', headers).messages.create({ model: 'm', max_tokens: 9, messages: hello }));
    for (const { status, headers: said } of [one, two]) {
      expect(status).toBe(429);
      const names = [...(said as Headers).keys()];
      expect(names.filter((name) => /retry|ratelimit/.test(name))).toEqual([]);
    }
  });

  test('any status may be asked for', async () => {
    const error = await failure(openai('a', { 'x-sim': 'fault=502' })
      .chat.completions.create({ model: 'm', messages: hello }));
    expect(error.status).toBe(502);
  });

  test('what a provider would refuse is refused', async () => {
    const post = (url: string, body: string) => (
      fetch(`${sim.url}${url}`, { method: 'POST', body }).then((response) => response.status)
    );
    expect(await post('/v1/chat/completions', 'no json')).toBe(400);
    expect(await post('/v1/chat/completions', '{"messages":[]}')).toBe(400);
    expect(await post('/v1/chat/completions', '{"model":"m"}')).toBe(400);
    expect(await post('/v1/messages', '{"model":"m","messages":[{}]}')).toBe(400);
    expect(await post('/v1/nothing', '{}')).toBe(404);
    const typo = await failure(openai('a', { 'x-sim': 'latencey=1' }).models.list());
    expect(typo.message).toContain("'latencey' is not known");
  });

  test('a built-in model fails by its name', async () => {
    const error = await failure(
      openai().chat.completions.create({ model: 'sim-fail', messages: hello }));
    expect(error).toBeInstanceOf(OpenAI.InternalServerError);
  });
});

describe('a fault on the way', () => {
  const whole = (directives: string, timeout = 10_000) => openai('a', { 'x-sim': directives })
    .chat.completions.create({ model: 'm', messages: hello }, { timeout });
  const stream = async (directives: string) => {
    const chunks: Loose[] = [];
    const made = openai('a', { 'x-sim': directives }).chat.completions
      .create({ model: 'm', messages: hello, stream: true }, { timeout: 10_000 });
    try {
      for await (const chunk of await made) chunks.push(chunk);
      return { chunks, error: undefined as Loose };
    } catch (error) {
      return { chunks, error: error as Loose };
    }
  };
  const words = (chunks: Loose[]) => chunks.filter((one) => one.choices[0]?.delta.content).length;

  test('refuse: the connection goes without an answer', async () => {
    expect(await failure(whole('fault=refuse'))).toBeInstanceOf(OpenAI.APIConnectionError);
    expect(await settled(1)).toMatchObject([{ outcome: 'refused', status: 0, tokensSent: 0 }]);
  });

  test('hang: no headers ever come', async () => {
    const error = await failure(whole('fault=hang', 1_000));
    expect(error).toBeInstanceOf(OpenAI.APIConnectionError);
    expect(await settled(1)).toMatchObject([{ outcome: 'hung', status: 0 }]);
  });

  test('reset: what was sent before arrives, and may be billed', async () => {
    const { chunks, error } = await stream('fault=reset,after=3,tokens=20');
    expect(words(chunks)).toBe(3);
    expect(error).toBeDefined();
    expect(await failure(whole('fault=reset'))).toBeDefined();
    expect(await settled(2)).toMatchObject([
      { outcome: 'cut', tokensSent: 3, usage: { prompt: 6, completion: 3 } },
      { outcome: 'cut', tokensSent: 16 },
    ]);
  });

  test('reset before the first token still sends what opens the stream', async () => {
    const { chunks } = await stream('fault=reset,after=0');
    expect(words(chunks)).toBe(0);
    expect(await settled(1)).toMatchObject([{ outcome: 'cut', tokensSent: 0 }]);
  });

  test.each([true, false])('stall: it falls silent, connection open (stream: %s)', async (on) => {
    const response = await fetch(`${sim.url}/v1/chat/completions`, {
      method: 'POST', headers: { 'x-sim': 'fault=stall,after=2' },
      body: JSON.stringify({ model: 'm', messages: hello, stream: on }),
      signal: AbortSignal.timeout(1_000),
    });
    expect(response.status).toBe(200);
    expect(await failure(response.text())).toMatchObject({ name: 'TimeoutError' });
    expect(await settled(1)).toMatchObject([
      { outcome: 'hung', tokensSent: 2, usage: { completion: 2 } },
    ]);
  });

  test('truncated: it ends early without an error', async () => {
    const { chunks, error } = await stream('fault=truncated,after=4');
    expect(error).toBeUndefined();
    expect(words(chunks)).toBe(4);
    expect(chunks.at(-1).choices[0].finish_reason).toBeNull();
    expect((await failure(whole('fault=truncated'))).name).toBe('SyntaxError');
    expect((await settled(2)).map(({ outcome }) => outcome)).toEqual(['cut', 'cut']);
  });

  test('garbage: neither JSON nor a readable stream', async () => {
    expect((await failure(whole('fault=garbage'))).name).toBe('SyntaxError');
    expect((await stream('fault=garbage,after=1')).error.name).toBe('SyntaxError');
    expect((await settled(2)).map(({ outcome }) => outcome)).toEqual(['cut', 'cut']);
  });

  test('error_event: the error comes inside a stream that began well', async () => {
    const { chunks, error } = await stream('fault=error_event,after=2');
    expect(words(chunks)).toBe(2);
    expect(error.message).toContain('The server had an error');
    const events = anthropic('a', { 'x-sim': 'fault=error_event,after=2' }).messages
      .stream({ model: 'm', max_tokens: 50, messages: hello });
    expect((await failure(events.finalMessage())).message).toContain('Overloaded');
    expect((await settled(2)).map(({ outcome }) => outcome)).toEqual(['cut', 'cut']);
  });

  test('drip: torn to pieces, yet complete', async () => {
    const { chunks, error } = await stream('fault=drip,dripbytes=37,dripms=1,tokens=10');
    expect(error).toBeUndefined();
    expect(words(chunks)).toBe(10);
    expect(await settled(1)).toMatchObject([{ outcome: 'served', tokensSent: 10 }]);
  });

  test('content_type: the right answer under the wrong name', async () => {
    const response = await fetch(`${sim.url}/v1/chat/completions`, {
      method: 'POST', headers: { 'x-sim': 'fault=content_type' },
      body: JSON.stringify({ model: 'm', messages: hello }),
    });
    expect(response.headers.get('content-type')).toContain('text/html');
    expect(await response.json()).toHaveProperty('choices');
  });

  test('filtered: a complete answer that ends for policy', async () => {
    const answer = await whole('fault=filtered');
    expect(answer.choices[0]!.finish_reason).toBe('content_filter');
    const message = await anthropic('a', { 'x-sim': 'fault=filtered' }).messages
      .create({ model: 'm', max_tokens: 50, messages: hello });
    expect(message.stop_reason).toBe('refusal');
    expect((await settled(2)).map(({ outcome }) => outcome)).toEqual(['served', 'served']);
  });

  test('a client that leaves is billed for what it got', async () => {
    const leave = new AbortController();
    const made = await openai('a', { 'x-sim': 'tps=50,tokens=100' }).chat.completions
      .create({ model: 'm', messages: hello, stream: true }, { signal: leave.signal });
    let seen = 0;
    for await (const chunk of made) {
      if (chunk.choices[0]?.delta.content && ++seen === 3) leave.abort();
    }
    const [record] = await settled(1);
    expect(record).toMatchObject({ outcome: 'cut' });
    expect(record!.tokensSent).toBeGreaterThanOrEqual(3);
    expect(record!.tokensSent).toBeLessThan(100);
    expect(record!.usage.completion).toBe(record!.tokensSent);
  });
});

describe('pace', () => {
  const timed = async (directives: string, streamed: boolean) => {
    const started = performance.now();
    const response = await fetch(`${sim.url}/v1/chat/completions`, {
      method: 'POST', headers: { 'x-sim': directives },
      body: JSON.stringify({ model: 'm', messages: hello, stream: streamed }),
    });
    const firstMs = performance.now() - started;
    await response.text();
    return { firstMs, allMs: performance.now() - started };
  };

  test('the first byte waits for the latency, the rest for its tokens', async () => {
    const { firstMs, allMs } = await timed('latency=100,tokens=21,tps=100', true);
    expect(firstMs).toBeGreaterThanOrEqual(98);
    // From the beginning: that we saw the first byte late takes nothing from it.
    expect(allMs).toBeGreaterThanOrEqual(298);
  });

  test('a whole answer comes when its last token is there', async () => {
    const { firstMs } = await timed('latency=50,tokens=10,tps=100', false);
    expect(firstMs).toBeGreaterThanOrEqual(148);
  });
});

describe('a script', () => {
  const ask = (name: string, text = 'hi', key = 'sk-one-1111') => (
    fetch(`${sim.url}/p/${name}/v1/chat/completions`, {
      method: 'POST', headers: { authorization: `Bearer ${key}` },
      body: JSON.stringify({ model: 'm', messages: [{ role: 'user', content: text }] }),
    }).then((response) => response.status)
  );
  const put = (name: string, script: unknown) => (
    fetch(`${sim.url}/_sim/providers/${name}/script`, {
      method: 'PUT', body: JSON.stringify(script),
    })
  );

  test('runs its steps in order, each as often as it says, for its provider only', async () => {
    const steps = [{ times: 2, fault: 'rate_limited' }, { fault: 'server_error' }];
    expect((await put('steps', { steps })).status).toBe(200);
    const seen = [];
    for (let at = 0; at < 4; at++) seen.push(await ask('steps'));
    expect(seen).toEqual([429, 429, 500, 200]);
    expect(await ask('other')).toBe(200);
  });

  test('a step takes only the calls that it matches', async () => {
    sim.setScript('match', {
      steps: [
        { times: 'forever', match: { keyLast4: '2222' }, fault: 'unauthorized' },
        { times: 'forever', match: { promptContains: 'poison' }, status: 503 },
      ],
    });
    expect(await ask('match')).toBe(200);
    expect(await ask('match', 'hi', 'sk-two-2222')).toBe(401);
    expect(await ask('match', 'some poison here')).toBe(503);
  });

  test('model lists do not use up steps', async () => {
    sim.setScript('lists', { steps: [{ fault: 'server_error' }], models: ['gpt-x'] });
    const names = (await openai('lists').models.list()).data.map(({ id }) => id);
    expect(names).toContain('gpt-x');
    expect(await ask('lists')).toBe(500);
  });

  test('the same seed brings the same faults, in the share that was asked for', async () => {
    const run = async () => {
      sim.setScript('chance', { seed: 42, faults: { server_error: 0.3, rate_limited: 0.2 } });
      const seen = [];
      for (let at = 0; at < 200; at++) seen.push(await ask('chance'));
      return seen;
    };
    const first = await run();
    expect(await run()).toEqual(first);
    const failed = first.filter((status) => status !== 200).length;
    expect(failed).toBeGreaterThan(75);
    expect(failed).toBeLessThan(125);
  });

  test('keeps the defaults of the whole server where it has none of its own', async () => {
    const common = await startProviderSim({
      script: { defaults: { tokens: 3 } }, scripts: { own: { steps: [{ status: 500 }] } },
    });
    try {
      const url = `${common.url}/p/own/v1/chat/completions`;
      const body = JSON.stringify({ model: 'm', messages: hello });
      expect((await fetch(url, { method: 'POST', body })).status).toBe(500);
      const answer = await fetch(url, { method: 'POST', body }).then((one) => one.json()) as Loose;
      expect(answer.usage.completion_tokens).toBe(3);
    } finally {
      await common.close();
    }
  });

  test('a wrong one is refused with the reason', async () => {
    const response = await put('bad', { steps: [{ fault: 'explode' }] });
    expect(response.status).toBe(400);
    expect(await response.text()).toContain('fault');
    const total = Object.fromEntries(faultNames.map((name) => [name, 0.5]));
    expect((await put('bad', { faults: total })).status).toBe(400);
  });
});

describe('the ledger', () => {
  test('names the attempt, and reads the same from outside', async () => {
    const headers = { 'x-client-request-id': 'attempt-7' };
    await openai('led', headers).chat.completions.create({ model: 'm', messages: hello });
    await settled(1);
    const text = await fetch(`${sim.url}/_sim/ledger?provider=led`).then((one) => one.text());
    const record = JSON.parse(text) as LedgerRecord;
    expect(record).toMatchObject({ attempt: 'attempt-7', outcome: 'served', provider: 'led' });
    const later = await fetch(`${sim.url}/_sim/ledger?since=${record.sequence}`);
    expect(await later.text()).toBe('');
    expect(JSON.stringify(record)).not.toContain('sk-secret');
  });

  test('names the end user of a request of either API', async () => {
    await openai('who').chat.completions.create({ model: 'm', messages: hello, user: 'u-1' });
    await anthropic('who').messages.create({
      model: 'm', max_tokens: 5, messages: hello, metadata: { user_id: 'u-2' },
    });
    await settled(2);
    expect(sim.ledger().map(({ user }) => user)).toEqual(['u-1', 'u-2']);
  });

  test('its totals are by provider and by key, and start anew when it is cleared', async () => {
    await openai('sum').chat.completions.create({ model: 'm', messages: hello });
    await settled(1);
    const stats = await fetch(`${sim.url}/_sim/stats`).then((one) => one.json()) as Loose;
    expect(stats['sum/1234']).toMatchObject({
      calls: 1, outcomes: { served: 1 }, billed: { prompt: 6, completion: 32 },
    });
    await fetch(`${sim.url}/_sim/ledger`, { method: 'DELETE' });
    expect(sim.ledger()).toEqual([]);
    expect(sim.stats().size).toBe(0);
  });

  test('is a ring whose totals stay exact, and a file that has every record', async () => {
    const folder = mkdtempSync(path.join(tmpdir(), 'provider-sim-'));
    const ledgerFile = path.join(folder, 'ledger.ndjson');
    try {
      const small = await startProviderSim({ ledgerFile, ledgerRecordsMax: 3, requireKey: true });
      const client = new OpenAI({ apiKey: 'sk-k-0001', baseURL: `${small.url}/v1`, maxRetries: 0 });
      for (let at = 0; at < 5; at++) {
        await client.chat.completions.create({ model: 'm', messages: hello });
      }
      const keyless = await fetch(`${small.url}/v1/models`);
      expect(keyless.status).toBe(401);
      await small.close();
      expect(small.ledger().map(({ sequence }) => sequence)).toEqual([4, 5, 6]);
      expect(small.stats().get('default')!.billed.completion).toBe(160);
      const lines = readFileSync(ledgerFile, 'utf8').trim().split('\n');
      expect(lines.map((line) => JSON.parse(line).sequence)).toEqual([1, 2, 3, 4, 5, 6]);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
});
