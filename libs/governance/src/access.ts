// Who may do what: finds a virtual key by its hash and says whether it works now.
import { limitsName } from './limits';
import { fallbackTargets, resolveModel } from './models';
import { modelDenial, policiesOf, targetDenial, type Who } from './policy';
import type { GovernanceState, Suspension, VirtualKey } from './state';

export type KeyFound =
  | { readonly ok: true; readonly key: VirtualKey }
  | { readonly ok: false; readonly reason: 'unknown_key' }
  | KeyRefused;

/** A key that is known and does not work. */
export type KeyRefused = { readonly ok: false; readonly key: VirtualKey } & (
  | { readonly reason: 'key_revoked' }
  /** When it expired; when this value of it was replaced for good. */
  | { readonly reason: 'key_expired' | 'value_replaced'; readonly atMs: number }
  | { readonly reason: 'suspended'; readonly by: Suspension }
);

/** `hash`: SHA-256 of the key's value, hex. */
export function findKey(state: GovernanceState, hash: string, nowMs: number): KeyFound {
  const id = state.keyIdByHash.get(hash);
  const key = id === undefined ? undefined : state.keys.get(id);
  if (key === undefined) return { ok: false, reason: 'unknown_key' };
  if (key.revoked) return { ok: false, reason: 'key_revoked', key };
  if (key.created.hash !== hash) {
    const untilMs = key.former?.find((former) => former.hash === hash)?.untilMs ?? 0;
    if (untilMs <= nowMs) return { ok: false, reason: 'value_replaced', atMs: untilMs, key };
  }
  const { expires_at_ms: expiresAtMs } = key.created;
  if (expiresAtMs !== null && expiresAtMs <= nowMs) {
    return { ok: false, reason: 'key_expired', atMs: expiresAtMs, key };
  }
  const by = stoppedBy(state, whoOf(key));
  return by === null ? { ok: true, key } : { ok: false, reason: 'suspended', by, key };
}

/** The suspension that stops a key: its own, its team's or its customer's. */
export function stoppedBy(state: GovernanceState, who: Who): Suspension | null {
  const { suspensions } = state;
  if (suspensions.size === 0) return null;
  return suspensions.get(limitsName('customer', who.tenant))
    ?? (who.team === null ? undefined : suspensions.get(limitsName('team', who.team)))
    ?? suspensions.get(limitsName('key', who.key)) ?? null;
}

export function suspensionText({ level, id, reason }: Suspension): string {
  return `${level} ${id} is suspended: ${reason}`;
}

export type KeyState = 'active' | 'suspended' | 'expired' | 'revoked';

/** Its own state; its team or customer may be suspended all the same. */
export function keyStateOf(state: GovernanceState, key: VirtualKey, nowMs: number): KeyState {
  if (key.revoked) return 'revoked';
  const { expires_at_ms: expiresAtMs } = key.created;
  if (expiresAtMs !== null && expiresAtMs <= nowMs) return 'expired';
  return state.suspensions.has(limitsName('key', key.id)) ? 'suspended' : 'active';
}

export function whoOf(key: VirtualKey): Who {
  return { tenant: key.tenant, team: key.created.team, key: key.id };
}

/**
 * Whether anything that stands behind a model's name may be called for this key, as far as that can be
 * said without a request: a route's rules may lead elsewhere.
 */
export function mayUseModel(state: GovernanceState, key: VirtualKey, model: string): boolean {
  const policies = policiesOf(state, whoOf(key));
  if (modelDenial(state, policies, model) !== null) return false;
  const resolution = resolveModel(state, model);
  if (policies.length === 0 || !resolution.ok || resolution.rules.length > 0) return true;
  return [...resolution.targets, ...fallbackTargets(state, resolution.fallbacks.default)]
    .some(({ provider: { provider }, model: called }) =>
      targetDenial(policies, { provider, model: called }) === null);
}

/** Who a thing belongs to: a job, an endpoint. */
export interface Owner {
  readonly tenant: string;
  readonly team: string | null;
  readonly key: string;
}

/** By the asking key's visibility; a key without a team sees its own. */
export function maySee(key: VirtualKey, owner: Owner): boolean {
  if (key.tenant !== owner.tenant) return false;
  if (key.id === owner.key) return true;
  switch (key.created.visibility) {
    case 'key': return false;
    case 'team': return key.created.team !== null && key.created.team === owner.team;
    case 'customer': return true;
  }
}
