// holdfast.yaml of one run. Providers and route have names of their own in each run, so that nothing
// learned in one is known in the next.
import { type Mode, type ProviderPlan, type Scenario } from '../scenarios/scenario';

export interface RunNames {
  readonly route: string;
  /** As the product and the simulator know it. */
  readonly provider: (name: ProviderPlan['name']) => string;
  /** As the scenario knows it. */
  readonly planned: (id: string) => string;
}

/** The discard port: of what may listen on a machine, the least likely. */
const nobodyListens = 'http://127.0.0.1:9';

export function namesOf(run: number): RunNames {
  return {
    route: `chat-${run}`,
    provider: (name) => `${name}-${run}`,
    planned: (id) => id.replace(/-\d+$/, ''),
  };
}

export function configText(
  { providers }: Pick<Scenario, 'providers'>, mode: Mode, names: RunNames, simUrl: string,
): string {
  const ids = providers.map(({ name }) => names.provider(name));
  return `health: { enabled: ${mode.health} }
providers:
${providers.map((plan) => providerText(plan, names.provider(plan.name), simUrl)).join('\n')}
routes:
  - model: ${names.route}
    strategy: ${mode.strategy}
    targets:
${ids.map((id) => `      - { provider: ${id}, model: sim-chat }`).join('\n')}
prices:
${providers.map(({ usdPerMtok }, index) => `  - { provider: ${ids[index] ?? ''}, model: "*", `
    + `input_usd_per_mtok: ${usdPerMtok}, output_usd_per_mtok: ${usdPerMtok} }`).join('\n')}
`;
}

function providerText({ keys, isAbsent }: ProviderPlan, id: string, simUrl: string): string {
  const baseUrl = isAbsent === true ? nobodyListens : simUrl;
  return `  - id: ${id}
    type: openai
    base_url: ${baseUrl}/p/${id}/v1
    models: ["*"]
    keys:
${keys.map((key) => `      - { name: ${key}, value: "env:${variableOf(key)}" }`).join('\n')}`;
}

/** Values of the keys, by variable; the simulator's ledger shows their last four characters. */
export function keyEnvironment(scenarios: readonly Scenario[]): Record<string, string> {
  const keys = scenarios.flatMap(({ providers }) => providers.flatMap((plan) => plan.keys));
  return Object.fromEntries(keys.map((key) => [variableOf(key), `sk-campaign-${key}`]));
}

function variableOf(key: string): string {
  return `CAMPAIGN_${key.toUpperCase()}_KEY`;
}
