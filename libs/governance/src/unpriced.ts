// What the configuration names and nobody knows the price of: calls of it cost something unknown.
import type { GovernanceState } from './state';
import { fallbackTargets } from './models';
import { priceOf } from './prices';

export interface Unpriced {
  readonly provider: string;
  readonly model: string;
  /** Where it is named: routes, `provider` for its own list. */
  readonly namedBy: readonly string[];
}

/** Each once, in the order of providers and routes. A provider that serves any model names none. */
export function unpricedModels(state: GovernanceState): readonly Unpriced[] {
  const found = new Map<string, { provider: string; model: string; namedBy: string[] }>();
  const look = (provider: string, model: string, by: string): void => {
    if (model.includes('*') || priceOf(state, provider, model) !== null) return;
    const id = `${provider}/${model}`;
    const known = found.get(id) ?? { provider, model, namedBy: [] };
    if (!known.namedBy.includes(by)) known.namedBy.push(by);
    found.set(id, known);
  };
  for (const { provider, models, default_model: byDefault } of state.providers.values()) {
    for (const model of models) look(provider, model, 'provider');
    if (byDefault !== null) look(provider, byDefault, 'provider');
  }
  for (const { model: route, targets, rules = [], fallbacks } of state.routes.values()) {
    for (const target of [...targets, ...rules.flatMap((rule) => rule.targets)]) {
      look(target.provider, target.model, `route ${route}`);
    }
    for (const target of fallbackTargets(state, Object.values(fallbacks).flat())) {
      look(target.provider.provider, target.model, `route ${route}`);
    }
  }
  return [...found.values()];
}
