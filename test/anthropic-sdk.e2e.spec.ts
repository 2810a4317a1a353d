// The official Anthropic client against the whole product; only base URL and key changed.
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import Anthropic, { AuthenticationError, BadRequestError, NotFoundError } from '@anthropic-ai/sdk';
import { type Holdfast, startHoldfast } from './support/holdfast';

let holdfast: Holdfast;
let client: Anthropic;

beforeAll(async () => {
  holdfast = await startHoldfast();
  client = new Anthropic({ baseURL: holdfast.url, apiKey: holdfast.key, maxRetries: 0 });
}, 180_000);
afterAll(() => holdfast.stop(), 60_000);

const both = ['sim-anthropic/sim-small', 'sim-openai/sim-small'];
const messages = [{ role: 'user' as const, content: 'Say something short.' }];
const weather = {
  name: 'weather', description: 'weather of a city',
  input_schema: { type: 'object' as const, properties: { city: { type: 'string' } }, required: ['city'] },
};

describe('the Anthropic client', () => {
  it('gets a message from either kind of provider', async () => {
    for (const model of both) {
      const { data, response } = await client.messages
        .create({ model, messages, max_tokens: 12, system: 'Be brief.' }).withResponse();
      expect(data.type).toBe('message');
      expect(data.content[0]?.type).toBe('text');
      expect(data.usage.output_tokens).toBeGreaterThan(0);
      expect(response.headers.get('request-id')).toBe(response.headers.get('holdfast-job-id'));
    }
  });

  it('streams to a complete message', async () => {
    for (const model of both) {
      const stream = client.messages.stream({ model, messages, max_tokens: 12 });
      const message = await stream.finalMessage();
      expect(message.content[0]?.type === 'text' && message.content[0].text.length).toBeGreaterThan(0);
      expect(['end_turn', 'max_tokens']).toContain(message.stop_reason);
      expect(message.usage.output_tokens).toBeGreaterThan(0);
    }
  });

  it('gets tool calls, and gives their results back', async () => {
    for (const model of both) {
      const first = await client.messages.create({
        model, max_tokens: 60, tools: [weather], tool_choice: { type: 'any' },
        messages: [{ role: 'user', content: 'use the tool' }],
      });
      const use = first.content.find((block) => block.type === 'tool_use');
      expect(first.stop_reason).toBe('tool_use');
      const second = await client.messages.create({
        model, max_tokens: 20, tools: [weather],
        messages: [
          { role: 'user', content: 'what is the weather?' },
          { role: 'assistant', content: first.content },
          { role: 'user', content: [{ type: 'tool_result', tool_use_id: use!.id, content: 'sunny' }] },
        ],
      });
      expect(second.content.length).toBeGreaterThan(0);
    }
  });

  it('counts tokens', async () => {
    const count = await client.messages.countTokens({ model: 'sim-anthropic/sim-small', messages });
    expect(count.input_tokens).toBeGreaterThan(0);
  });

  it('lists models in the shape of its surface', async () => {
    const models = await client.models.list();
    expect(models.data.map((model) => model.id)).toContain('sim-small');
    expect(models.data[0]?.type).toBe('model');
  });

  it('raises the errors it knows', async () => {
    const wrong = new Anthropic({ baseURL: holdfast.url, apiKey: 'hf-wrong', maxRetries: 0 });
    await expect(wrong.messages.create({ model: 'sim-small', messages, max_tokens: 5 })).rejects.toBeInstanceOf(AuthenticationError);
    await expect(client.post('/v1/nonsense', { body: {} })).rejects.toBeInstanceOf(NotFoundError);
    await expect(client.messages.create({ model: 'sim-small', messages: [], max_tokens: 5 })).rejects.toBeInstanceOf(BadRequestError);
  });
});
