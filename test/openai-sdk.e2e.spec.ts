// The official OpenAI client against the whole product; only base URL and key changed.
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import OpenAI, { AuthenticationError, BadRequestError, NotFoundError } from 'openai';
import { call, json } from './support/api';
import { eventually, type Holdfast, startHoldfast } from './support/holdfast';
import { responseValidator } from './support/openapi';
import { ledger } from './support/sim';

let holdfast: Holdfast;
let client: OpenAI;

beforeAll(async () => {
  holdfast = await startHoldfast();
  client = new OpenAI({ baseURL: `${holdfast.url}/v1`, apiKey: holdfast.key, maxRetries: 0 });
}, 180_000);
afterAll(() => holdfast.stop(), 60_000);

const messages = [{ role: 'user' as const, content: 'Say something short.' }];
const weather = {
  type: 'function' as const,
  function: {
    name: 'weather',
    description: 'weather of a city',
    parameters: { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] },
  },
};

describe('the OpenAI client', () => {
  it('gets a chat completion of the shape that OpenAI describes', async () => {
    for (const model of ['sim-small', 'sim-openai/sim-small', 'sim-anthropic/sim-small']) {
      const { data, response } = await client.chat.completions
        .create({ model, messages, max_tokens: 12 }).withResponse();
      expect(data.choices[0]?.message.content).toBeTruthy();
      expect(data.usage?.completion_tokens).toBeGreaterThan(0);
      expect(response.headers.get('holdfast-job-id')).toMatch(/^job_/);
      expect(response.headers.get('x-request-id')).toBe(response.headers.get('holdfast-job-id'));
      expect(response.headers.get('holdfast-provider')).toMatch(/^sim-/);
      expect(response.headers.get('holdfast-cost-usd')).toMatch(/^0\.\d+$/);
      responseValidator('CreateChatCompletionResponse')?.(data);
    }
  });

  it('streams, with usage only when asked for', async () => {
    for (const model of ['sim-openai/sim-small', 'sim-anthropic/sim-small']) {
      for (const wanted of [true, false]) {
        const stream = await client.chat.completions.create({
          model, messages, max_tokens: 12, stream: true,
          ...(wanted ? { stream_options: { include_usage: true } } : {}),
        });
        let text = '';
        let usage = 0;
        let finish = '';
        for await (const chunk of stream) {
          text += chunk.choices[0]?.delta.content ?? '';
          finish = chunk.choices[0]?.finish_reason ?? finish;
          if (chunk.usage) usage += chunk.usage.completion_tokens;
          responseValidator('CreateChatCompletionStreamResponse')?.(chunk);
        }
        expect(text.length).toBeGreaterThan(0);
        expect(['stop', 'length']).toContain(finish);
        expect(usage > 0).toBe(wanted);
      }
    }
  });

  it('gets tool calls, and gives their results back', async () => {
    for (const model of ['sim-openai/sim-small', 'sim-anthropic/sim-small']) {
      const first = await client.chat.completions.create({
        model, messages: [{ role: 'user', content: 'use the tool' }], tools: [weather],
        tool_choice: 'required', max_tokens: 50,
      });
      const toolCall = first.choices[0]?.message.tool_calls?.[0];
      expect(first.choices[0]?.finish_reason).toBe('tool_calls');
      expect(toolCall?.type === 'function' && toolCall.function.name).toBe('weather');
      const second = await client.chat.completions.create({
        model, max_tokens: 20, tools: [weather],
        messages: [
          { role: 'user', content: 'what is the weather?' },
          first.choices[0]!.message,
          { role: 'tool', tool_call_id: toolCall!.id, content: 'sunny' },
        ],
      });
      expect(second.choices[0]?.message.content).toBeTruthy();
    }
  });

  it('sends images to either kind of provider', async () => {
    const pixel = 'data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==';
    for (const model of ['sim-openai/sim-small', 'sim-anthropic/sim-small']) {
      const answer = await client.chat.completions.create({
        model, max_tokens: 10,
        messages: [{ role: 'user', content: [{ type: 'text', text: 'what is it?' }, { type: 'image_url', image_url: { url: pixel } }] }],
      });
      expect(answer.choices[0]?.message.content).toBeTruthy();
    }
  });

  it('gets embeddings, legacy completions and the list of models', async () => {
    const embeddings = await client.embeddings.create({ model: 'sim-openai/sim-small', input: 'hello' });
    expect(embeddings.data[0]?.embedding.length).toBeGreaterThan(0);
    responseValidator('CreateEmbeddingResponse')?.(embeddings);
    const legacy = await client.completions.create({ model: 'sim-openai/sim-small', prompt: 'hello', max_tokens: 5 });
    expect(legacy.choices[0]?.text).toBeTruthy();
    const models = await client.models.list();
    expect(models.data.map((model) => model.id)).toContain('sim-small');
    expect((await client.models.retrieve('sim-small')).id).toBe('sim-small');
  });

  it('raises the errors it knows', async () => {
    const wrong = new OpenAI({ baseURL: `${holdfast.url}/v1`, apiKey: 'hf-wrong', maxRetries: 0 });
    await expect(wrong.chat.completions.create({ model: 'sim-small', messages })).rejects.toBeInstanceOf(AuthenticationError);
    await expect(client.chat.completions.create({ model: 'sim-small', messages: [] })).rejects.toBeInstanceOf(BadRequestError);
    await expect(client.post('/nonsense', { body: {} })).rejects.toBeInstanceOf(NotFoundError);
  });

  it('aborts, and the job is canceled', async () => {
    const abort = new AbortController();
    const stream = client.chat.completions.create({
      model: 'sim-openai/sim-slow', messages: [{ role: 'user', content: 'abort me' }], stream: true,
    }, { signal: abort.signal }).catch((error: unknown) => error);
    await eventually('its call', async () =>
      (await ledger(holdfast.simUrl)).some(({ outcome }) => outcome === 'running'));
    abort.abort();
    expect(await stream).toBeInstanceOf(Error);
    await eventually('canceled', async () => {
      const page = await json<{ data: unknown[] }>(call(holdfast, '/v1/jobs?status=canceled'));
      return page.data.length === 1;
    });
  });
});
