// The providers and routes of holdfast.yaml as a desired configuration.
import type { DesiredConfig } from '@libs/governance/desired-config';
import { type ProviderType, providerTypes, typeAt } from '@libs/governance/provider-types';
import type { Building } from './building';
import type { ConfigPath } from './config-problem';
import { secretReference } from './config-secret';
import type { HoldfastYaml, ProviderYaml, RouteYaml } from './holdfast-yaml';
import { nearestName } from '@libs/governance/nearest-name';

type Provider = DesiredConfig['providers'][number];
type Route = DesiredConfig['routes'][number];

/** api.md, section 6. First token and stall count for streamed upstream calls only. */
export const timeoutsDefault: Provider['timeouts'] = {
  connect_ms: 5_000, first_token_ms: 120_000, stall_ms: 30_000, total_ms: 600_000,
};

/** A probe costs one token; every 30 s that is some thousand a day. */
const probeEveryMs = 30_000;
/** What nobody asked for a minute may have failed unseen. */
const probeIdleMs = 60_000;

export interface ProviderBuilding extends Building {
  /** For all providers. */
  readonly health: ProviderYaml['health'];
}

export function buildProvider(
  yaml: ProviderYaml, path: ConfigPath, building: ProviderBuilding,
): Provider {
  const { list } = building;
  const type: ProviderType = providerTypes[yaml.type];
  const baseUrl = (yaml.base_url ?? type.baseUrl).replace(/\/+$/, '');
  const models = yaml.models ?? ['*'];
  // Another maker's server behind `type: openai` does not have OpenAI's models.
  const home = typeAt(baseUrl) ?? (yaml.base_url === undefined ? type : null);
  const listed = models.find((name) => !name.includes('*')) ?? null;
  const defaultModel = yaml.default_model ?? listed ?? home?.defaultModel ?? null;
  if (yaml.continues !== undefined && typeAt(baseUrl) === providerTypes.openai) {
    list.add([...path, 'continues'], 'OpenAI does not go on with an answer that has begun; remove it');
  }
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
    ...(yaml.continues === undefined ? {} : { continues: yaml.continues }),
    ...buildHealth(yaml, building),
  };
}

/** What the provider says itself goes before what is said for all of them. */
function buildHealth(
  yaml: ProviderYaml, { health }: ProviderBuilding,
): Pick<Provider, 'health' | 'probes'> {
  const both = { ...health, ...yaml.health };
  const { probes } = yaml;
  return {
    ...(Object.keys(both).length === 0 ? {} : { health: both }),
    ...(probes === undefined ? {} : {
      probes: {
        every_ms: probes.every_ms ?? probeEveryMs, idle_ms: probes.idle_ms ?? probeIdleMs,
        model: probes.model ?? null,
      },
    }),
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
      ...(key.rpm === undefined ? {} : { rpm: key.rpm }),
      ...(key.tpm === undefined ? {} : { tpm: key.tpm }),
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
): Route {
  const { list, providers } = building;
  checkTargets(yaml.targets, [...path, 'targets'], building);
  for (const [index, rule] of (yaml.rules ?? []).entries()) {
    checkTargets(rule.targets, [...path, 'rules', index, 'targets'], building);
  }
  const { fallbacks = {} } = yaml;
  for (const [name, targets] of Object.entries(fallbacks)) {
    for (const target of targets ?? []) {
      const provider = target.split('/', 1)[0] ?? '';
      if (!target.includes('/') || providers.has(provider)) continue;
      list.add([...path, 'fallbacks', name], noProvider(provider, providers));
    }
  }
  return {
    model: yaml.model,
    strategy: yaml.strategy ?? 'weighted',
    targets: weighed(yaml.targets),
    fallbacks: {
      default: fallbacks.default ?? [],
      context_too_long: fallbacks.context_too_long ?? [],
      content_filter: fallbacks.content_filter ?? [],
    },
    drop_params: yaml.drop_params ?? false,
    ...(yaml.content === undefined ? {} : { content: yaml.content }),
    ...routePolicy(yaml),
  };
}

/** Calls of one routing where the route does not say: a plan has eight candidates at most. */
const attemptsMaxDefault = 8;

function routePolicy(
  { rules, hedge, retries, continue_on_break: continues }: RouteYaml,
): Pick<Route, 'rules' | 'hedge' | 'retries' | 'continue_on_break'> {
  return {
    ...(rules === undefined ? {} : {
      rules: rules.map((rule) => ({ ...rule, targets: weighed(rule.targets) })),
    }),
    ...(hedge === undefined ? {} : {
      hedge: { percent: hedge.percent, after_ms: hedge.after_ms ?? null },
    }),
    ...(retries === undefined ? {} : {
      retries: {
        same_target: retries.same_target ?? 0, attempts_max: retries.attempts_max ?? attemptsMaxDefault,
      },
    }),
    ...(continues === true ? { continue_on_break: continues } : {}),
  };
}

function weighed(targets: RouteYaml['targets']): Route['targets'] {
  return targets.map((target) => ({ ...target, weight: target.weight ?? 1 }));
}

function checkTargets(
  targets: RouteYaml['targets'], path: ConfigPath,
  { list, providers }: Building & { readonly providers: Set<string> },
): void {
  for (const [index, { provider }] of targets.entries()) {
    if (!providers.has(provider)) list.add([...path, index, 'provider'], noProvider(provider, providers));
  }
}

export function noProvider(wrong: string, providers: Iterable<string>): string {
  const near = nearestName(wrong, providers);
  const hint = near === null ? '' : `; did you mean "${near}"?`;
  return `there is no provider "${wrong}" in this file${hint}`;
}

export function providerIds(yaml: HoldfastYaml): Set<string> {
  return new Set((yaml.providers ?? []).map((provider) => provider.id));
}
