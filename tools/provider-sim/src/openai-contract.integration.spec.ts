// OpenAI's published description of its API against what the simulator answers.
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { Ajv, type ValidateFunction } from 'ajv';
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { type Json, type JsonObject, asObject, isObject, parseObject } from './json';
import { type ProviderSim, startProviderSim } from './start';

const file = path.resolve(process.cwd(), '../shared/contracts/openai-openapi.json');
const present = existsSync(file);
if (!present) process.stdout.write('skipped: openai-openapi.json is not beside the checkout\n');

const names = [
  'CreateChatCompletionResponse', 'CreateChatCompletionStreamResponse', 'CreateCompletionResponse',
  'CreateEmbeddingResponse', 'ListModelsResponse', 'Model', 'ErrorResponse',
] as const;
type Name = (typeof names)[number];

(present ? describe : describe.skip)('what OpenAI describes', () => {
  let sim: ProviderSim;
  const validators = new Map<Name, ValidateFunction>();
  const messages = [{ role: 'user', content: 'use the tool' }];
  const parameters = { type: 'object', properties: { city: { type: 'string' } } };
  const tools = [{ type: 'function', function: { name: 'look', parameters } }];

  beforeAll(async () => {
    sim = await startProviderSim();
    const schemas = asObject(
      asObject(parseObject(readFileSync(file, 'utf8'))?.components).schemas);
    for (const name of names) validators.set(name, compile(schemas, name));
  });
  afterAll(() => sim.close());

  const post = async (url: string, body: object, directives = '') => {
    const response = await fetch(`${sim.url}${url}`, {
      method: 'POST', body: JSON.stringify(body), headers: { 'x-sim': directives },
    });
    return response.text();
  };
  const fits = (name: Name, text: string) => {
    const validate = validators.get(name)!;
    expect({ valid: validate(JSON.parse(text)), errors: validate.errors })
      .toEqual({ valid: true, errors: null });
  };
  const chunks = (text: string) => (
    [...text.matchAll(/^data: (\{.*)$/gm)].map(([, data]) => data!)
  );

  test.each([{}, { tools }, { n: 3, max_tokens: 2 }])('is a chat answer (%j)', async (more) => {
    fits('CreateChatCompletionResponse',
      await post('/v1/chat/completions', { model: 'm', messages, ...more }));
  });

  test.each([{}, { tools }])('is each chunk of a chat stream (%j)', async (more) => {
    const request = { model: 'm', messages, stream: true, ...more };
    const counted = { ...request, stream_options: { include_usage: true } };
    const both = [request, counted].map((body) => post('/v1/chat/completions', body));
    const all = (await Promise.all(both)).flatMap(chunks);
    expect(all.length).toBeGreaterThan(6);
    for (const chunk of all) fits('CreateChatCompletionStreamResponse', chunk);
  });

  test('are completions, embeddings, models and errors', async () => {
    fits('CreateCompletionResponse', await post('/v1/completions', { model: 'm', prompt: 'a' }));
    fits('CreateEmbeddingResponse',
      await post('/v1/embeddings', { model: 'm', input: ['a', 'b'], dimensions: 8 }));
    const models = await fetch(`${sim.url}/v1/models`);
    fits('ListModelsResponse', await models.text());
    const model = await fetch(`${sim.url}/v1/models/sim-small`);
    fits('Model', await model.text());
    for (const fault of ['rate_limited', 'server_error', 'context_length_exceeded']) {
      fits('ErrorResponse',
        await post('/v1/chat/completions', { model: 'm', messages }, `fault=${fault}`));
    }
  });
});

/** Only what the schema refers to: the whole description takes seconds to compile. */
function compile(schemas: JsonObject, name: string): ValidateFunction {
  const needed = new Set<string>();
  gather(schemas, name, needed);
  const definitions = Object.fromEntries([...needed].map((one) => [one, local(schemas[one])]));
  const ajv = new Ajv({ strict: false, validateFormats: false, allErrors: true });
  return ajv.compile({ $ref: `#/definitions/${name}`, definitions });
}

function gather(schemas: JsonObject, name: string, needed: Set<string>): void {
  if (needed.has(name)) return;
  needed.add(name);
  const text = JSON.stringify(schemas[name]);
  for (const [, other] of text.matchAll(/#\/components\/schemas\/([^"]+)"/g)) {
    gather(schemas, other!, needed);
  }
}

/** References point into this document; `nullable` becomes a choice that any validator knows. */
function local(schema: Json | undefined): Json {
  if (Array.isArray(schema)) return schema.map(local);
  if (!isObject(schema)) return schema ?? null;
  const nullable = schema.nullable === true;
  const out: JsonObject = {};
  for (const [name, value] of Object.entries(schema)) {
    if (name === 'nullable' || name === 'discriminator') continue;
    out[name] = name === '$ref' && typeof value === 'string'
      ? value.replace('#/components/schemas/', '#/definitions/') : local(value);
  }
  return nullable ? { anyOf: [out, { type: 'null' }] } : out;
}
