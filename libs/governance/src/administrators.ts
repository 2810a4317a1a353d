// Who may administer, and what their role reaches.
import type { EventType } from '@libs/events/catalogue';
import type { AdminRole } from '@libs/events/access-events';
import type { Administrator, GovernanceState } from './state';

export type AdminTokenRefusal =
  | 'invalid_admin_token' | 'revoked_admin_token' | 'expired_admin_token';
export type AdministratorFound =
  | { readonly ok: true; readonly administrator: Administrator }
  | { readonly ok: false; readonly reason: AdminTokenRefusal };

/** `hash`: SHA-256 of the token, hex. */
export function findAdministrator(
  state: GovernanceState, hash: string, nowMs: number,
): AdministratorFound {
  const id = state.administratorIdByHash.get(hash);
  const administrator = id === undefined ? undefined : state.administrators.get(id);
  if (administrator === undefined) return { ok: false, reason: 'invalid_admin_token' };
  if (administrator.revoked) return { ok: false, reason: 'revoked_admin_token' };
  const { set } = administrator;
  const untilMs = set.hash === hash ? set.expires_at_ms : formerUntilMs(administrator);
  if (untilMs !== null && untilMs <= nowMs) return { ok: false, reason: 'expired_admin_token' };
  return { ok: true, administrator };
}

/** The token before a rotation ends with its overlap, and not after the administrator's own end. */
function formerUntilMs({ set }: Administrator): number {
  return Math.min(set.former?.until_ms ?? 0, set.expires_at_ms ?? Infinity);
}

const rank: Readonly<Record<AdminRole, number>> = { auditor: 1, operator: 2, owner: 3 };

export function reaches(role: AdminRole, needed: AdminRole): boolean {
  return rank[role] >= rank[needed];
}

/** The highest role that these values of the roles claim give; null: none. */
export function roleOfClaims(
  roles: Readonly<Record<string, AdminRole>>, values: readonly string[],
): AdminRole | null {
  let best: AdminRole | null = null;
  for (const value of values) {
    const role = Object.hasOwn(roles, value) ? roles[value] : undefined;
    if (role !== undefined && (best === null || reaches(role, best))) best = role;
  }
  return best;
}

/** Who may administer is changed by owners alone, by whatever way the change comes. */
export function roleNeededFor(type: EventType): AdminRole {
  return /^(Administrator|Oidc)/.test(type) ? 'owner' : 'operator';
}

/** Named owners whose token is good at this time. */
export function ownersAt(state: GovernanceState, nowMs: number): Administrator[] {
  return [...state.administrators.values()].filter(({ revoked, set }) =>
    !revoked && set.role === 'owner' && (set.expires_at_ms === null || set.expires_at_ms > nowMs));
}
