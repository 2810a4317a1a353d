// holdfast.yaml of the campaign: two simulated providers with three keys and real prices, two
// routes, a customer in each partition with budgets of its own and of its keys, receivers on loopback.
import { type Simulator } from './simulator';
import { poorKeys, tenants } from './tenants';

/** Values of the provider keys; the simulator's ledger shows their last four characters. */
export const providerKeys = {
  ALPHA_MAIN_KEY: 'sk-alpha-main-aa01',
  ALPHA_SPARE_KEY: 'sk-alpha-spare-aa02',
  BETA_MAIN_KEY: 'sk-beta-main-bb01',
} as const;

/** `provider/key name` by the last four characters of the key. */
export const keyNames: Readonly<Record<string, string>> = {
  aa01: 'alpha/main', aa02: 'alpha/spare', bb01: 'beta/main',
};

/** USD a million tokens. */
export const prices: Readonly<Record<string, { readonly input: number; readonly output: number }>> = {
  alpha: { input: 1, output: 2 }, beta: { input: 3, output: 6 },
};

/** Far above what a campaign costs: so that all of its money goes through the ledger. */
const customerUsd = 1_000;
/** Of a poor key: about seven times what one of its calls may cost at worst. */
const poorUsd = '0.001';

/** Short against a campaign, long against the answers of a healthy provider. */
const timeouts = '{ connect_ms: 2000, first_token_ms: 4000, stall_ms: 3000, total_ms: 10000 }';

export function configText(urls: Simulator['urls']): string {
  return `
providers:
  - id: alpha
    type: openai
    base_url: ${urls.alpha}
    models: ["*"]
    default_model: sim-a
    keys:
      - { name: main, value: "env:ALPHA_MAIN_KEY", weight: 2 }
      - { name: spare, value: "env:ALPHA_SPARE_KEY", weight: 1 }
    timeouts: ${timeouts}
  - id: beta
    type: anthropic
    base_url: ${urls.beta}
    models: ["*"]
    default_model: sim-b
    api_key: env:BETA_MAIN_KEY
    timeouts: ${timeouts}
routes:
  - model: chat
    strategy: weighted
    targets:
      - { provider: alpha, model: sim-a, weight: 60 }
      - { provider: beta, model: sim-b, weight: 40 }
  - model: solo
    targets: [{ provider: alpha, model: sim-a }]
prices:
${Object.entries(prices).map(([provider, { input, output }]) => (
    `  - { provider: ${provider}, model: "*", input_usd_per_mtok: ${input}, output_usd_per_mtok: ${output} }`
  )).join('\n')}
customers:
${tenants.map(({ customer, keyId }) => `  - id: ${customer}
    budgets: [{ limit_usd: ${customerUsd}, window: total }]
    keys:
      - { id: ${keyId}, value: "env:${variableOf(customer)}" }
${poorKeys.filter((poor) => poor.customer === customer).map((poor) => (
    `      - { id: ${poor.keyId}, value: "env:${variableOf(poor.name)}", `
    + `budgets: [{ limit_usd: "${poorUsd}", window: total }] }`)).join('\n')}`).join('\n')}
webhooks: { allow_private: true }
`;
}

export function configEnvironment(): Record<string, string> {
  return {
    ...providerKeys,
    ...Object.fromEntries(tenants.map(({ customer, key }) => [variableOf(customer), key])),
    ...Object.fromEntries(poorKeys.map(({ name, key }) => [variableOf(name), key])),
  };
}

function variableOf(name: string): string {
  return `${name.toUpperCase()}_APP_KEY`;
}
