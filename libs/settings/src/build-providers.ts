// The providers and routes of holdfast.yaml as a desired configuration.
import type { DesiredConfig } from '@libs/governance/desired-config';
import { type ProviderType, providerTypes, typeAt } from '@libs/governance/provider-types';
import type { Building } from './building';
import type { ConfigPath } from './config-problem';
import { secretReference } from './config-secret';
import type { HoldfastYaml, ProviderYaml, RouteYaml } from './holdfast-yaml';
import { nearestName } from './nearest-name';

type Provider = DesiredConfig['providers'][number];

/** api.md, section 6. First token and stall count for streamed upstream calls only. */
export const timeoutsDefault: Provider['timeouts'] = {
  connect_ms: 5_000, first_token_ms: 120_000, stall_ms: 30_000, total_ms: 600_000,
};

export function buildProvider(yaml: ProviderYaml, path: ConfigPath, building: Building): Provider {
  const type: ProviderType = providerTypes[yaml.type];
  const baseUrl = (yaml.base_url ?? type.baseUrl).replace(/\/+$/, '');
  const models = yaml.models ?? ['*'];
  // Another maker's server behind `type: openai` does not have OpenAI's models.
  const home = typeAt(baseUrl) ?? (yaml.base_url === undefined ? type : null);
  const listed = models.find((name) => !name.includes('*')) ?? null;
  const defaultModel = yaml.default_model ?? listed ?? home?.defaultModel ?? null;
  if (yaml.default_model === undefined && defaultModel !== null) {
    building.notes.push(`${yaml.id} answers for other providers' models with ${defaultModel}`);
  }
  return {
    provider: yaml.id,
    kind: type.kind,
    base_url: baseUrl,
    models,
    default_model: defaultModel,
    keys: buildKeys(yaml, path, { ...building, isOwnServer: home === null }),
    timeouts: buildTimeouts(yaml.timeouts ?? {}),
    weight: yaml.weight ?? 1,
    fallback: yaml.fallback ?? true,
    headers: yaml.headers ?? {},
  };
}

function buildTimeouts(yaml: NonNullable<ProviderYaml['timeouts']>): Provider['timeouts'] {
  return {
    connect_ms: yaml.connect_ms ?? timeoutsDefault.connect_ms,
    first_token_ms: yaml.first_token_ms ?? timeoutsDefault.first_token_ms,
    stall_ms: yaml.stall_ms ?? timeoutsDefault.stall_ms,
    total_ms: yaml.total_ms ?? timeoutsDefault.total_ms,
  };
}

function buildKeys(
  yaml: ProviderYaml, path: ConfigPath, building: Building & { readonly isOwnServer: boolean },
): Provider['keys'] {
  const { list } = building;
  if (yaml.api_key !== undefined && yaml.keys !== undefined) {
    list.add([...path, 'api_key'], 'give either api_key or keys, not both', 'key');
  }
  const given = yaml.keys ?? (yaml.api_key === undefined ? [] : [{ value: yaml.api_key }]);
  if (given.length === 0 && !building.isOwnServer) {
    list.add(path, `${yaml.id} needs an api_key, e.g. api_key: \${${variableName(yaml)}}`);
  }
  if (given.length === 0) return [providerKey('main', null)];
  const seen = new Set<string>();
  return given.map((key, index) => {
    const keyPath = yaml.keys === undefined ? [...path, 'api_key'] : [...path, 'keys', index];
    const name = key.name ?? (given.length === 1 ? 'main' : `key-${index + 1}`);
    if (seen.has(name)) list.add([...keyPath, 'name'], `the name "${name}" is given twice`);
    seen.add(name);
    const secret = secretReference({
      path: yaml.keys === undefined ? keyPath : [...keyPath, 'value'],
      text: key.value,
      suggestedVariable: variableName(yaml),
    }, building.environment, list);
    return {
      ...providerKey(name, secret),
      weight: key.weight ?? 1,
      max_in_flight: key.max_in_flight ?? null,
      models: key.models ?? [],
    };
  });
}

export function providerKey(name: string, secret: string | null): Provider['keys'][number] {
  return { name, secret, weight: 1, max_in_flight: null, models: [] };
}

function variableName(yaml: ProviderYaml): string {
  const type: ProviderType = providerTypes[yaml.type];
  if (yaml.id === yaml.type) return type.keyVariable;
  return `${yaml.id.toUpperCase().replace(/[^A-Z0-9]+/g, '_')}_API_KEY`;
}

export function buildRoute(
  yaml: RouteYaml, path: ConfigPath, building: Building & { readonly providers: Set<string> },
): DesiredConfig['routes'][number] {
  const { list, providers } = building;
  for (const [index, target] of yaml.targets.entries()) {
    if (providers.has(target.provider)) continue;
    list.add([...path, 'targets', index, 'provider'], noProvider(target.provider, providers));
  }
  const { fallbacks = {} } = yaml;
  for (const [name, targets] of Object.entries(fallbacks)) {
    for (const target of targets ?? []) {
      const provider = target.split('/', 1)[0] ?? '';
      if (!target.includes('/') || providers.has(provider)) continue;
      list.add([...path, 'fallbacks', name], noProvider(provider, providers));
    }
  }
  if (yaml.strategy === 'fastest' || yaml.strategy === 'adaptive') {
    building.notes.push(`route ${yaml.model}: ${yaml.strategy} goes by weight in this version`);
  }
  return {
    model: yaml.model,
    strategy: yaml.strategy ?? 'weighted',
    targets: yaml.targets.map((target) => ({ ...target, weight: target.weight ?? 1 })),
    fallbacks: {
      default: fallbacks.default ?? [],
      context_too_long: fallbacks.context_too_long ?? [],
      content_filter: fallbacks.content_filter ?? [],
    },
    drop_params: yaml.drop_params ?? false,
  };
}

export function noProvider(wrong: string, providers: Iterable<string>): string {
  const near = nearestName(wrong, providers);
  const hint = near === null ? '' : `; did you mean "${near}"?`;
  return `there is no provider "${wrong}" in this file${hint}`;
}

export function providerIds(yaml: HoldfastYaml): Set<string> {
  return new Set((yaml.providers ?? []).map((provider) => provider.id));
}
