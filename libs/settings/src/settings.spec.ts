// Rules of what surrounds the configuration: secrets, defaults without a file, the published schema.
import { readFileSync, writeFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import { desiredConfig } from '@libs/governance/desired-config';
import { pricePerToken } from './prices-shape';
import { detectedConfig, simulatedConfig } from './default-config';
import { configJsonSchema } from './holdfast-yaml';
import { nearestName } from '@libs/governance/nearest-name';
import { Secret } from './secret';
import { SecretUnavailable, resolveSecret } from './secret-ref';
import { webhookSecret } from './webhook-secret';

const nowMs = Date.parse('2026-11-01T00:00:00Z');

describe('secrets', () => {
  test('a reference is read from a variable or a file', () => {
    expect(resolveSecret('env:KEY', { KEY: ' value ' }).reveal()).toBe('value');
    expect(() => resolveSecret('env:KEY', {})).toThrow(SecretUnavailable);
    expect(() => resolveSecret('file:/nowhere/key', {})).toThrow('file:/nowhere/key');
    expect(() => resolveSecret('sk-literal', {})).toThrow(/^(?!.*sk-literal)/);
  });

  test('a webhook secret is the same for the same endpoint and generation, for ever', () => {
    const masterKey = new Secret('master');
    const first = webhookSecret(masterKey, 'whe_1', 1);
    expect(first).toBe('whsec_loyGphiu50JLpsX7eu5iiPJexHYqdpKLgrTh/Y5acj8=');
    expect(webhookSecret(masterKey, 'whe_1', 2)).not.toBe(first);
    expect(webhookSecret(masterKey, 'whe_2', 1)).not.toBe(first);
  });
});

describe('without a file', () => {
  test('providers are those whose usual key variable is set', () => {
    const config = detectedConfig({ ANTHROPIC_API_KEY: 'a', GOOGLE_API_KEY: 'g', GROQ_API_KEY: ' ' }, nowMs);
    expect(config?.providers.map(({ provider, keys }) => [provider, keys[0]?.secret])).toEqual([
      ['anthropic', 'env:ANTHROPIC_API_KEY'], ['gemini', 'env:GOOGLE_API_KEY'],
    ]);
    expect(config?.prices.length).toBeGreaterThan(10);
    expect(detectedConfig({}, nowMs)).toBeNull();
  });

  test('every known provider at once still fits one commit', () => {
    const all = ['OPENAI', 'ANTHROPIC', 'GEMINI', 'MISTRAL', 'GROQ', 'DEEPSEEK', 'XAI', 'TOGETHER', 'OPENROUTER'];
    const config = detectedConfig(Object.fromEntries(all.map((name) => [`${name}_API_KEY`, 'k'])), nowMs);
    expect(config?.providers).toHaveLength(all.length);
    expect(JSON.stringify(config).length).toBeLessThan(400 * 1024);
  });

  test('else they are the simulated ones, with prices and no secret', () => {
    const config = simulatedConfig('http://127.0.0.1:9000/');
    expect(desiredConfig.parse(config)).toEqual(config);
    expect(config.providers.map((provider) => provider.base_url)).toEqual([
      'http://127.0.0.1:9000/p/sim-openai/v1', 'http://127.0.0.1:9000/p/sim-anthropic',
    ]);
    expect(config.providers.every(({ keys }) => keys[0]?.secret === null)).toBe(true);
  });
});

test('prices per million become whole amounts per token, rounded up where finer', () => {
  expect(pricePerToken(0.15)).toBe('150000');
  expect(pricePerToken(1e-7)).toBe('1');
  expect(pricePerToken('2.5')).toBe('2500000');
  expect(pricePerToken(10, 3)).toBe('10000000000');
});

test('a slip finds its name, a different word none', () => {
  expect(nearestName('wieght', ['weight', 'models'])).toBe('weight');
  expect(nearestName('completely', ['weight', 'models'])).toBeNull();
});

// HOLDFAST_WRITE_SCHEMA=1 with this spec writes the schema anew after a change of the shape.
test('the published JSON Schema is the one of this version', () => {
  const file = 'docs/holdfast.schema.json';
  const current = `${JSON.stringify(configJsonSchema(), null, 2)}\n`;
  if (process.env['HOLDFAST_WRITE_SCHEMA'] === '1') writeFileSync(file, current);
  expect(readFileSync(file, 'utf8')).toBe(current);
});
