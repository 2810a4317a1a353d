// Which rules of access apply to a request, of its key, its team and its customer together, and which
// of them says no. What is denied anywhere is denied, whatever allows it.
import type { ParamLimits } from '@libs/events/access-rules';
import type { LimitLevel } from '@libs/events/limits';
import { allowsName, matchesGlob } from './glob';
import type { GovernanceState } from './state';

export interface Who {
  readonly tenant: string;
  readonly team: string | null;
  readonly key: string;
}

/** Rules of one level; empty lists rule nothing. */
export interface Policy {
  readonly level: LimitLevel;
  readonly id: string;
  readonly models: readonly string[];
  readonly providers: readonly string[];
  readonly deniedModels: readonly string[];
  readonly deniedProviders: readonly string[];
  readonly params: ParamLimits | null;
}

/** Who says no, and by which of its rules. */
export interface Denial {
  readonly level: LimitLevel;
  readonly id: string;
  /** The glob that denies it; null: none allows it. */
  readonly denies: string | null;
  /** All that this level allows; empty: it only denies. */
  readonly allows: readonly string[];
}

const none: readonly Policy[] = [];

/** By state, which is immutable, and who asks: every request and every decision does. */
const known = new WeakMap<GovernanceState, Map<string, readonly Policy[]>>();

/** Of the key first, then of its team and its customer; levels that rule nothing are not in it. */
export function policiesOf(state: GovernanceState, who: Who): readonly Policy[] {
  let byName = known.get(state);
  if (byName === undefined) known.set(state, byName = new Map<string, readonly Policy[]>());
  const name = `${who.key}\n${who.team ?? ''}\n${who.tenant}`;
  let found = byName.get(name);
  if (found === undefined) byName.set(name, found = look(state, who));
  return found;
}

/** The first level that does not let `model` be asked for, as its client named it. */
export function modelDenial(
  state: GovernanceState, policies: readonly Policy[], model: string,
): Denial | null {
  if (policies.length === 0) return null;
  const named = splitName(state, model);
  for (const policy of policies) {
    const denies = policy.deniedModels.find((glob) =>
      matchesGlob(glob, model) || (named !== null && matchesGlob(glob, named.model)));
    if (denies !== undefined) return denial(policy, denies, policy.models);
  }
  const notListed = policies.find(({ models }) => !allowsName(models, model));
  if (notListed !== undefined) return denial(notListed, null, notListed.models);
  return named === null ? null : providerDenial(policies, named.provider);
}

/** The first level that does not let a model be called, whatever was asked for. */
export function targetDenial(
  policies: readonly Policy[], target: { readonly provider: string; readonly model: string },
): Denial | null {
  if (policies.length === 0) return null;
  const full = `${target.provider}/${target.model}`;
  for (const policy of policies) {
    const denies = policy.deniedModels.find((glob) =>
      matchesGlob(glob, target.model) || matchesGlob(glob, full));
    if (denies !== undefined) return denial(policy, denies, policy.models);
  }
  return providerDenial(policies, target.provider);
}

export function providerDenial(policies: readonly Policy[], provider: string): Denial | null {
  for (const policy of policies) {
    const denies = policy.deniedProviders.find((glob) => matchesGlob(glob, provider));
    if (denies !== undefined) return denial(policy, denies, policy.providers);
  }
  const notListed = policies.find(({ providers }) => !allowsName(providers, provider));
  return notListed === undefined ? null : denial(notListed, null, notListed.providers);
}

/** `customer acme denies gpt-4*`, `key k1 allows only chat, small*`. */
export function denialText({ level, id, denies, allows }: Denial): string {
  return denies === null ? `${level} ${id} allows only ${allows.join(', ')}`
    : `${level} ${id} denies ${denies}`;
}

function look(state: GovernanceState, who: Who): readonly Policy[] {
  const key = state.keys.get(who.key)?.created;
  const team = who.team === null ? undefined : state.teams.get(who.team);
  const found = [
    policyOf('key', who.key, key),
    // Of another customer: a team that moved.
    policyOf('team', who.team ?? '', team?.customer === who.tenant ? team : undefined),
    policyOf('customer', who.tenant, state.customers.get(who.tenant)),
  ].filter((policy): policy is Policy => policy !== null);
  return found.length === 0 ? none : found;
}

/** Of a customer, a team or a key, as its events have them. */
export interface Rules {
  readonly models?: readonly string[] | undefined;
  readonly providers?: readonly string[] | undefined;
  readonly denied_models?: readonly string[] | undefined;
  readonly denied_providers?: readonly string[] | undefined;
  readonly params?: ParamLimits | undefined;
}

function policyOf(level: LimitLevel, id: string, rules: Rules | undefined): Policy | null {
  if (rules === undefined) return null;
  const { models = [], providers = [], params = null } = rules;
  const { denied_models: deniedModels = [], denied_providers: deniedProviders = [] } = rules;
  const all = [models, providers, deniedModels, deniedProviders];
  if (params === null && all.every((list) => list.length === 0)) return null;
  return { level, id, models, providers, deniedModels, deniedProviders, params };
}

function denial({ level, id }: Policy, denies: string | null, allows: readonly string[]): Denial {
  return { level, id, denies, allows };
}

/** `provider/model`, if the first part is a provider's id and no route has the whole name. */
function splitName(
  state: GovernanceState, name: string,
): { readonly provider: string; readonly model: string } | null {
  const slash = name.indexOf('/');
  if (slash <= 0 || state.routes.has(name)) return null;
  const provider = name.slice(0, slash);
  return state.providers.has(provider) ? { provider, model: name.slice(slash + 1) } : null;
}
