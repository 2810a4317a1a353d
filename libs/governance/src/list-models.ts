// The models that GET /v1/models names: routes, and what the providers list.
import type { ProviderConfig } from '@libs/events/governance-events';
import type { GovernanceState } from './state';

export interface ListedModel {
  readonly id: string;
  /** `holdfast` for routes, else the provider. */
  readonly owned_by: string;
}

/** Each name once, routes first; `allowed` is asked for every name (a key's list of models). */
export function listModels(
  state: GovernanceState, allowed: (model: string) => boolean,
): readonly ListedModel[] {
  const listed = new Map<string, ListedModel>();
  for (const id of state.routes.keys()) listed.set(id, { id, owned_by: 'holdfast' });
  for (const provider of state.providers.values()) {
    for (const id of namesOf(state, provider)) {
      if (!listed.has(id)) listed.set(id, { id, owned_by: provider.provider });
    }
  }
  return [...listed.values()].filter((model) => allowed(model.id));
}

/** A provider that serves any model is shown with those whose price is known, and its default. */
function namesOf(state: GovernanceState, provider: ProviderConfig): readonly string[] {
  const names = provider.models.filter((name) => !name.includes('*'));
  if (provider.default_model !== null) names.push(provider.default_model);
  if (!provider.models.includes('*')) return names;
  const prefix = `${provider.provider}/`;
  for (const id of state.prices.keys()) {
    if (id.startsWith(prefix) && !id.includes('*')) names.push(id.slice(prefix.length));
  }
  return names;
}
