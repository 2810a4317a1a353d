import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import { canServe, unmetNeeds } from './capabilities';
import { inspect } from './inspect';
import { type Endpoint, type ProviderKind } from './surface';
import { translateRequest } from './translate/translate';

const claude = { kind: 'anthropic', model: 'claude-sonnet-4-5' } as const;

describe('a candidate', () => {
  test('of the same kind honours everything', () => {
    expect(unmetNeeds({ kind: 'openai', model: 'x' }, '/v1/chat/completions', ['n', 'seed']))
      .toEqual([]);
  });

  test('of the other kind is passed over for what cannot be translated', () => {
    const needs = ['streaming', 'n', 'tools', 'seed', 'metadata'] as const;
    expect(unmetNeeds(claude, '/v1/chat/completions', needs)).toEqual(['n', 'seed']);
  });

  test('too old for structured outputs is passed over for a JSON schema', () => {
    const old = { kind: 'anthropic', model: 'claude-3-5-haiku-20241022' } as const;
    expect(unmetNeeds(claude, '/v1/chat/completions', ['json_schema'])).toEqual([]);
    expect(unmetNeeds(old, '/v1/chat/completions', ['json_schema'])).toEqual(['json_schema']);
  });

  test('serves embeddings and token counts only on its own surface', () => {
    expect(canServe('anthropic', '/v1/embeddings')).toBe(false);
    expect(canServe('openai', '/v1/messages/count_tokens')).toBe(false);
    expect(canServe('openai', '/v1/messages')).toBe(true);
  });
});

interface RequestGolden {
  readonly kind: string;
  readonly endpoint: Endpoint;
  readonly target: { readonly kind: ProviderKind; readonly model: string };
  readonly input: Record<string, unknown>;
}

describe('what the router passes over', () => {
  const folder = 'libs/surfaces/golden';
  const names = readdirSync(folder).filter((name) => name.startsWith('request-'));

  test.each(names)('is what the translation would leave out (%s)', (name) => {
    const file = JSON.parse(readFileSync(`${folder}/${name}`, 'utf8')) as RequestGolden;
    const found = inspect(file.endpoint, file.input);
    if (found.kind !== 'ok') throw new Error(found.message);
    const unmet = unmetNeeds(file.target, file.endpoint, found.needs);
    const translated = translateRequest({ endpoint: file.endpoint, body: file.input }, file.target);
    expect(unmet.length > 0).toBe((translated?.unsupported.length ?? 0) > 0);
  });
});
