// What is configured when there is no holdfast.yaml: the providers whose usual key variables are set,
// else the simulated ones.
import { type DesiredConfig, emptyConfig, simulatedSource } from '@libs/governance/desired-config';
import {
  type ProviderType, type ProviderTypeName, providerTypes,
} from '@libs/governance/provider-types';
import { providerKey, timeoutsDefault } from './build-providers';
import { cataloguePrices } from './catalogue-prices';
import type { Environment } from './environment';

type Provider = DesiredConfig['providers'][number];

/** Further names a key is known by. */
const otherVariables: Readonly<Partial<Record<ProviderTypeName, string>>> = {
  gemini: 'GOOGLE_API_KEY',
};

/** One provider per key variable that is set; null when none is. */
export function detectedConfig(environment: Environment, nowMs: number): DesiredConfig | null {
  const providers = (Object.keys(providerTypes) as ProviderTypeName[]).flatMap((name) => {
    const variable = [providerTypes[name].keyVariable, otherVariables[name]]
      .find((candidate) => candidate !== undefined && (environment[candidate] ?? '').trim() !== '');
    return variable === undefined ? [] : [detected(name, variable)];
  });
  if (providers.length === 0) return null;
  const config = { ...emptyConfig, providers };
  return { ...config, prices: cataloguePrices(config, nowMs) };
}

function detected(name: ProviderTypeName, variable: string): Provider {
  const type: ProviderType = providerTypes[name];
  return {
    provider: name,
    kind: type.kind,
    base_url: type.baseUrl,
    models: ['*'],
    default_model: type.defaultModel,
    keys: [providerKey('main', `env:${variable}`)],
    timeouts: timeoutsDefault,
    weight: 1,
    fallback: true,
    headers: {},
  };
}

/** Prices made up for the simulated providers, so that costs can be seen: USD 1 and 2 per million. */
const simulatedPrice: DesiredConfig['prices'][number]['price'] = {
  input_per_token: '1000000',
  cached_input_per_token: '500000',
  cache_write_per_token: '1000000',
  output_per_token: '2000000',
  per_request: '0',
};

/** Two providers of the simulator at `simUrl`, sharing a default route 70 to 30. */
export function simulatedConfig(simUrl: string): DesiredConfig {
  const base = simUrl.replace(/\/+$/, '');
  const common = {
    models: ['*'], keys: [providerKey('main', null)], timeouts: timeoutsDefault,
    fallback: true, headers: {},
  };
  const providers: Provider[] = [
    {
      ...common, provider: 'sim-openai', kind: 'openai', weight: 70, default_model: 'gpt-4o-mini',
      base_url: `${base}/p/sim-openai/v1`,
    },
    {
      ...common, provider: 'sim-anthropic', kind: 'anthropic', weight: 30,
      default_model: 'claude-sonnet-4-5', base_url: `${base}/p/sim-anthropic`,
    },
  ];
  const prices = providers.flatMap(({ provider, default_model: model }) =>
    [model ?? '*', '*'].map((name) => ({
      provider, model: name, price: simulatedPrice, source: simulatedSource,
    })));
  return { ...emptyConfig, providers, prices, settings: { webhooks_allow_private: true } };
}
