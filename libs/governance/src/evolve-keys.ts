// The fold of what happens to virtual keys, and of suspensions at every level.
import type { Catalogue } from '@libs/events/catalogue';
import { type HoldfastEvent, timeMs } from '@libs/events/envelope';
import { limitsName } from './limits';
import { drop, put } from './maps';
import type { GovernanceState, VirtualKey } from './state';

/** A key created again under its id replaces the former one, whose values stop working. */
export function keyCreated(
  state: GovernanceState, event: HoldfastEvent<'KeyCreated'>,
): GovernanceState {
  const { key: id, hash } = event.data;
  let hashes = state.keyIdByHash;
  for (const former of valuesOf(state.keys.get(id))) {
    if (former !== hash) hashes = drop(hashes, former);
  }
  const created = { id, tenant: event.tenant, created: event.data, revoked: false };
  return { ...state, keys: put(state.keys, id, created), keyIdByHash: put(hashes, hash, id) };
}

/** Everything but its value; one that is not known has none to keep. */
export function keyChanged(
  state: GovernanceState, data: Catalogue['KeyChanged'],
): GovernanceState {
  const key = state.keys.get(data.key);
  if (key === undefined) return state;
  const { hash, hint } = key.created;
  return { ...state, keys: put(state.keys, data.key, { ...key, created: { ...data, hash, hint } }) };
}

/** Former values stay known, so that whoever still sends one is told what happened. */
export function keyRotated(
  state: GovernanceState, data: Catalogue['KeyRotated'],
): GovernanceState {
  const key = state.keys.get(data.key);
  if (key === undefined) return state;
  const { hash, hint, old_until_ms: untilMs } = data;
  const former = [...key.former ?? [], { hash: key.created.hash, untilMs }]
    .filter((one) => one.hash !== hash);
  const rotated = { ...key, former, created: { ...key.created, hash, hint } };
  return {
    ...state,
    keys: put(state.keys, data.key, rotated),
    keyIdByHash: put(state.keyIdByHash, hash, data.key),
  };
}

export function keyRevoked(
  state: GovernanceState, data: Catalogue['KeyRevoked'],
): GovernanceState {
  const key = state.keys.get(data.key);
  if (key === undefined) return state;
  const revoked = { ...key, revoked: true, revokedBy: data.origin };
  return ended(
    { ...state, keys: put(state.keys, data.key, revoked) },
    { level: 'key', id: data.key, origin: data.origin },
  );
}

export function suspended(
  state: GovernanceState, event: HoldfastEvent<'AccessSuspended'>,
): GovernanceState {
  const { level, id } = event.data;
  const suspension = { ...event.data, tenant: event.tenant, sinceMs: timeMs(event) };
  return { ...state, suspensions: put(state.suspensions, limitsName(level, id), suspension) };
}

export function resumed(
  state: GovernanceState, { level, id }: Pick<Catalogue['AccessResumed'], 'level' | 'id'>,
): GovernanceState {
  const name = limitsName(level, id);
  if (!state.suspensions.has(name)) return state;
  return { ...state, suspensions: drop(state.suspensions, name) };
}

/**
 * What is removed is not suspended any more; but what an administrator suspended, leaving a file and
 * coming back to it does not resume.
 */
export function ended(
  state: GovernanceState, what: Catalogue['AccessResumed'],
): GovernanceState {
  const suspension = state.suspensions.get(limitsName(what.level, what.id));
  if (suspension === undefined) return state;
  const keeps = what.origin === 'file' && suspension.origin !== 'file';
  return keeps ? state : resumed(state, what);
}

function valuesOf(key: VirtualKey | undefined): readonly string[] {
  return key === undefined ? [] : [key.created.hash, ...(key.former ?? []).map(({ hash }) => hash)];
}
