// `/v1/models` of both APIs.
import { builtInModels } from './behaviour';
import { type Surface } from './call';
import { type Provider } from './provider';

/** 2025-01-01; a fixed moment, so that answers do not depend on the clock. */
const CREATED_S = 1_735_689_600;

export function listModels(provider: Provider, surface: Surface): string {
  const names = modelNames(provider);
  if (surface === 'openai') {
    return JSON.stringify({ object: 'list', data: names.map(openaiModel) });
  }
  return JSON.stringify({
    data: names.map(anthropicModel),
    has_more: false,
    first_id: names[0],
    last_id: names.at(-1),
  });
}

/** Undefined if the provider does not list it. */
export function oneModel(provider: Provider, surface: Surface, name: string): string | undefined {
  if (!modelNames(provider).includes(name)) return undefined;
  return JSON.stringify(surface === 'openai' ? openaiModel(name) : anthropicModel(name));
}

function modelNames(provider: Provider): string[] {
  return [...new Set([...provider.script.models, ...Object.keys(builtInModels)])];
}

function openaiModel(id: string): object {
  return { id, object: 'model', created: CREATED_S, owned_by: 'sim' };
}

function anthropicModel(id: string): object {
  return {
    type: 'model', id, display_name: id, created_at: new Date(CREATED_S * 1000).toISOString(),
    capabilities: null, deprecated_at: null, lifecycle: 'active', line: null,
    max_input_tokens: 200_000, max_tokens: 64_000, retires_at: null,
  };
}
