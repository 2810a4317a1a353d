// A governance fold for specs: a state that is simply there.
import { type GovernanceState, initialGovernance } from '@libs/governance/state';
import { type ProviderConfig } from '@libs/events/governance-events';
import { type GovernanceFold } from './governance-fold';

export function provider(id: string, baseUrl: string, change: Partial<ProviderConfig> = {}): ProviderConfig {
  return {
    provider: id, kind: 'openai', base_url: baseUrl, models: ['*'], default_model: null,
    keys: [{ name: 'main', secret: null, weight: 1, max_in_flight: null, models: [] }],
    timeouts: { connect_ms: 1_000, first_token_ms: 2_000, stall_ms: 2_000, total_ms: 5_000 },
    weight: 1, fallback: true, headers: {}, origin: 'api', ...change,
  };
}

/** `state` may be replaced at any time. */
export function givenGovernance(
  change: Partial<GovernanceState>,
): GovernanceFold & { state: GovernanceState } {
  return {
    state: { ...initialGovernance, ...change },
    waitFor: () => Promise.resolve(),
    stop: () => Promise.resolve(),
  };
}

export function providers(...ids: string[]): Partial<GovernanceState> {
  return { providers: new Map(ids.map((id) => [id, provider(id, 'http://127.0.0.1:9')])) };
}
