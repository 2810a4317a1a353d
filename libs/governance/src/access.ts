// Who may do what: finds a virtual key by its hash and says what it allows.
import { allowsName } from './glob';
import type { GovernanceState, VirtualKey } from './state';

export type KeyRefusal = 'unknown_key' | 'key_revoked' | 'key_expired';
export type KeyFound =
  | { readonly ok: true; readonly key: VirtualKey }
  | { readonly ok: false; readonly reason: KeyRefusal };

/** `hash`: SHA-256 of the key's value, hex. */
export function findKey(state: GovernanceState, hash: string, nowMs: number): KeyFound {
  const id = state.keyIdByHash.get(hash);
  const key = id === undefined ? undefined : state.keys.get(id);
  if (key === undefined) return { ok: false, reason: 'unknown_key' };
  if (key.revoked) return { ok: false, reason: 'key_revoked' };
  const { expires_at_ms: expiresAtMs } = key.created;
  if (expiresAtMs !== null && expiresAtMs <= nowMs) return { ok: false, reason: 'key_expired' };
  return { ok: true, key };
}

export function mayUseModel(key: VirtualKey, model: string): boolean {
  return allowsName(key.created.models, model);
}

export function mayUseProvider(key: VirtualKey, provider: string): boolean {
  return allowsName(key.created.providers, provider);
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
