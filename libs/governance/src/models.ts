// What a model name means: a route, `provider/model`, or a bare name (api.md, sections 2 and 6).
import type { ProviderConfig, RouteConfig } from '@libs/events/governance-events';
import { hasModel } from './provider-types';
import type { GovernanceState } from './state';

export interface ModelTarget {
  readonly provider: ProviderConfig;
  readonly model: string;
  readonly weight: number;
  /** Whether others may fall back to it. */
  readonly fallback: boolean;
}

export interface ResolvedModel {
  readonly ok: true;
  readonly strategy: RouteConfig['strategy'];
  /** Never empty. */
  readonly targets: readonly ModelTarget[];
  /** Names as configured; `fallbackTargets` says what they stand for. */
  readonly fallbacks: RouteConfig['fallbacks'];
  readonly dropParams: boolean;
  readonly rules: NonNullable<RouteConfig['rules']>;
  readonly hedge: NonNullable<RouteConfig['hedge']> | null;
  readonly retries: NonNullable<RouteConfig['retries']> | null;
  readonly continueOnBreak: boolean;
}

/** A 404 for the caller. */
export interface UnresolvedModel {
  readonly ok: false;
  readonly reason: 'no_such_model' | 'no_providers';
  readonly message: string;
}

const noFallbacks: RouteConfig['fallbacks'] = {
  default: [], context_too_long: [], content_filter: [],
};

type Resolution = ResolvedModel | UnresolvedModel;

/** By state, which is immutable, and name: every decision asks, and a route may have many targets. */
const resolved = new WeakMap<GovernanceState, Map<string, Resolution>>();
const resolvedMax = 1_000;

export function resolveModel(state: GovernanceState, requested: string): Resolution {
  let known = resolved.get(state);
  if (known === undefined || known.size > resolvedMax) {
    resolved.set(state, known = new Map<string, Resolution>());
  }
  let resolution = known.get(requested);
  if (resolution === undefined) known.set(requested, resolution = resolve(state, requested));
  return resolution;
}

function resolve(state: GovernanceState, requested: string): Resolution {
  const route = state.routes.get(requested);
  if (route !== undefined) return ofRoute(state, route);
  if (state.providers.size === 0) {
    return { ok: false, reason: 'no_providers', message: 'No provider is configured.' };
  }
  const named = splitName(state, requested);
  if (named !== null) return ofProvider(named.provider, named.model);
  const targets = bareTargets(state, requested);
  return targets.length === 0 ? unknown(`The model ${requested} does not exist.`) : plain(targets);
}

/** What the entries of a fallback list stand for: `provider/model`, or a name that providers have. */
export function fallbackTargets(
  state: GovernanceState, names: readonly string[],
): readonly ModelTarget[] {
  return names.flatMap((name) => {
    const named = splitName(state, name);
    if (named !== null) return [{ ...named, weight: 1, fallback: true }];
    return providersWith(state, name).map((provider) => ({
      provider, model: name, weight: provider.weight, fallback: true,
    }));
  });
}

/** `provider/model`, split only if the first part is a provider's id; else null. */
function splitName(
  state: GovernanceState, name: string,
): { readonly provider: ProviderConfig; readonly model: string } | null {
  const slash = name.indexOf('/');
  if (slash <= 0 || slash === name.length - 1) return null;
  const provider = state.providers.get(name.slice(0, slash));
  return provider === undefined ? null : { provider, model: name.slice(slash + 1) };
}

/** Targets whose provider is gone are left out; a route without any left is no model. */
function ofRoute(state: GovernanceState, route: RouteConfig): ResolvedModel | UnresolvedModel {
  const targets = route.targets.flatMap(({ provider: id, model, weight }) => {
    const provider = state.providers.get(id);
    return provider === undefined ? [] : [{ provider, model, weight, fallback: true }];
  });
  if (targets.length === 0) {
    return unknown(`No provider of the model ${route.model} is configured.`);
  }
  const { strategy, fallbacks, drop_params: dropParams, rules, hedge, retries } = route;
  return {
    ok: true, strategy, targets, fallbacks, dropParams,
    rules: rules ?? [], hedge: hedge ?? null, retries: retries ?? null,
    continueOnBreak: route.continue_on_break === true,
  };
}

function ofProvider(provider: ProviderConfig, model: string): ResolvedModel | UnresolvedModel {
  // One that takes any model is believed: only it knows what it has.
  const listed = provider.models.includes('*') || hasModel(provider, model);
  if (!listed) return unknown(`The provider ${provider.provider} does not list ${model}.`);
  return plain([{ provider, model, weight: 1, fallback: true }]);
}

/**
 * Providers that have the model use it. Without any route all providers form the default route:
 * those that do not have it answer with their default model.
 */
function bareTargets(state: GovernanceState, model: string): readonly ModelTarget[] {
  const having = new Set(providersWith(state, model));
  if (having.size === 0) return [];
  const isDefaultRoute = state.routes.size === 0;
  return [...state.providers.values()].flatMap((provider) => {
    const used = having.has(provider) ? model : isDefaultRoute ? provider.default_model : null;
    if (used === null) return [];
    return [{ provider, model: used, weight: provider.weight, fallback: provider.fallback }];
  });
}

function providersWith(state: GovernanceState, model: string): readonly ProviderConfig[] {
  const all = [...state.providers.values()];
  const having = all.filter((provider) => hasModel(provider, model));
  // Nobody is known to have it: whoever takes any model is asked.
  return having.length > 0 ? having : all.filter((provider) => provider.models.includes('*'));
}

function plain(targets: readonly ModelTarget[]): ResolvedModel {
  return {
    ok: true, strategy: 'weighted', targets, fallbacks: noFallbacks, dropParams: false,
    rules: [], hedge: null, retries: null, continueOnBreak: false,
  };
}

function unknown(message: string): UnresolvedModel {
  return { ok: false, reason: 'no_such_model', message };
}
