// The part of the governance fold that keeps administrators.
import type { HoldfastEvent } from '@libs/events/envelope';
import type { Administrator, GovernanceState } from './state';

type Part = Pick<GovernanceState, 'administrators' | 'administratorIdByHash'>;

export function evolveAdministrators(
  state: Part, event: HoldfastEvent<'AdministratorSet'> | HoldfastEvent<'AdministratorRemoved'>,
): Part {
  return event.type === 'AdministratorSet'
    ? set(state, event)
    : removed(state, event);
}

function set(state: Part, { data }: HoldfastEvent<'AdministratorSet'>): Part {
  const { administrator: id, hash, former } = data;
  const hashes = new Map(state.administratorIdByHash);
  for (const gone of hashesOf(state.administrators.get(id))) hashes.delete(gone);
  hashes.set(hash, id);
  if (former !== undefined) hashes.set(former.hash, id);
  const administrators = new Map(state.administrators).set(id, { id, set: data, revoked: false });
  return { administrators, administratorIdByHash: hashes };
}

/** Its tokens stay known, so that who shows one is told, and noted, that it was revoked. */
function removed(state: Part, { data }: HoldfastEvent<'AdministratorRemoved'>): Part {
  const known = state.administrators.get(data.administrator);
  if (known === undefined) return state;
  const revoked = { ...known, revoked: true, revokedBy: data.origin };
  return { ...state, administrators: new Map(state.administrators).set(known.id, revoked) };
}

function hashesOf(known: Administrator | undefined): string[] {
  if (known === undefined) return [];
  const { hash, former } = known.set;
  return former === undefined ? [hash] : [hash, former.hash];
}
