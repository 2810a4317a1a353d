// The names of models and providers there are, to find rules that are about none of them.
import { matchesGlob } from './glob';
import type { GovernanceState } from './state';

export interface KnownNames {
  readonly models: ReadonlySet<string>;
  /** Some provider takes any model: no name can be called unknown. */
  readonly open: boolean;
  readonly providers: ReadonlySet<string>;
}

type Named = {
  readonly [N in 'providers' | 'routes']: Iterable<
    GovernanceState[N] extends ReadonlyMap<string, infer V> ? Omit<V, 'origin'> : never>;
};

export function knownNames({ providers, routes }: Named): KnownNames {
  const models = new Set<string>();
  const ids = new Set<string>();
  let open = false;
  for (const { provider, models: listed, default_model: usual } of providers) {
    ids.add(provider);
    open ||= listed.includes('*');
    for (const model of usual === null ? listed : [...listed, usual]) {
      models.add(model).add(`${provider}/${model}`);
    }
  }
  for (const route of routes) {
    models.add(route.model);
    const targets = [...route.targets, ...(route.rules ?? []).flatMap((rule) => rule.targets)];
    for (const { provider, model } of targets) models.add(model).add(`${provider}/${model}`);
    for (const name of Object.values(route.fallbacks).flat()) models.add(name);
  }
  return { models, open: open || ids.size === 0, providers: ids };
}

/** Two globs may meet; as far as one is a name, exactly when it matches. */
export function isAboutSome(glob: string, names: Iterable<string>): boolean {
  for (const name of names) {
    if (matchesGlob(glob, name) || matchesGlob(name, glob)) return true;
  }
  return false;
}
