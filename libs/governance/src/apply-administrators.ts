// The part of applying a configuration that is about administrators and their logins.
import type { EventDraft } from '@libs/events/envelope';
import type { DesiredConfig } from './desired-config';
import { sameValue } from './diff-fields';
import { changed, type DiffPart, emptyPart, removed } from './diff-part';
import type { Administrator, GovernanceState } from './state';

type Wanted = NonNullable<DesiredConfig['administrators']>[number];

const tenant = 'system';

export function diffAdministrators(state: GovernanceState, desired: DesiredConfig): DiffPart {
  const part = emptyPart();
  const entity = 'administrator' as const;
  const wanted = desired.administrators ?? [];
  const idByHash = new Map(state.administratorIdByHash);
  for (const one of wanted) {
    const id = one.administrator;
    const now = state.administrators.get(id);
    const message = clash(idByHash, one, now);
    if (message !== null) { part.conflicts.push({ entity, id, message }); continue; }
    idByHash.set(one.hash, id);
    const data = { ...one, origin: 'file' as const };
    if (now !== undefined && !now.revoked && sameValue(now.set, data)) continue;
    part.sets.push({ type: 'AdministratorSet', subject: id, tenant, data });
    part.changes.push(changed(entity, id, now && shown(now), shown({ set: data })));
  }
  const ids = new Set(wanted.map(({ administrator }) => administrator));
  for (const [id, now] of state.administrators) {
    if (now.set.origin !== 'file' || now.revoked || ids.has(id)) continue;
    const data = {
      administrator: id, reason: 'removed from the configuration file', origin: 'file' as const,
    };
    part.removals.push({ type: 'AdministratorRemoved', subject: id, tenant, data });
    part.changes.push(removed(entity, id));
  }
  return part;
}

/** Without the token that a rotation left, which is a hash. */
function shown({ set }: Pick<Administrator, 'set'>): object {
  return { ...set, former: undefined };
}

function clash(
  idByHash: ReadonlyMap<string, string>, wanted: Wanted, now: Administrator | undefined,
): string | null {
  const id = wanted.administrator;
  const sameHash = idByHash.get(wanted.hash);
  if (sameHash !== undefined && sameHash !== id) {
    return `administrator ${id} has the same token as administrator ${sameHash}`;
  }
  if (now === undefined) return null;
  if (now.set.origin === 'api' && !now.revoked) return `administrator ${id} was made by the API`;
  const revokedByApi = now.revoked && now.revokedBy !== 'file' && now.set.hash === wanted.hash;
  return revokedByApi ? `administrator ${id} was revoked; give it a new token` : null;
}

/** Logins that the file does not name any more are not taken any more, if they came from it. */
export function diffOidc(state: GovernanceState, desired: DesiredConfig): DiffPart {
  const part = emptyPart();
  const { oidc: now } = state;
  const wanted = desired.oidc ?? null;
  const [entity, id] = ['oidc', wanted?.issuer ?? now?.issuer ?? ''] as const;
  if (wanted === null) {
    if (now?.origin !== 'file') return part;
    part.removals.push(oidcRemoved(now.issuer, 'file'));
    part.changes.push(removed(entity, id));
    return part;
  }
  if (now?.origin === 'api') {
    part.conflicts.push({ entity, id, message: 'logins (oidc) were configured by the API' });
    return part;
  }
  const data = { ...wanted, origin: 'file' as const };
  if (sameValue(now, data)) return part;
  part.sets.push({ type: 'OidcConfigured', subject: 'oidc', tenant, data });
  part.changes.push(changed(entity, id, now ?? undefined, data));
  return part;
}

export function oidcRemoved(issuer: string, origin: 'file' | 'api'): EventDraft {
  return { type: 'OidcRemoved', subject: 'oidc', tenant, data: { issuer, origin } };
}
