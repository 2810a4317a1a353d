// How a virtual key is shown to administrators: never its value, nor the hash of it.
import { type LimitLevel } from '@libs/events/limits';
import { keyStateOf, stoppedBy, whoOf } from '@libs/governance/access';
import { limitsName } from '@libs/governance/limits';
import { type GovernanceState, type Suspension, type VirtualKey } from '@libs/governance/state';
import { type KeyUseView } from '@libs/routing/key-uses';

export function keyView(state: GovernanceState, key: VirtualKey, nowMs: number): object {
  const { key: id, expires_at_ms: expiresAtMs, ...created } = key.created;
  const shown = { ...created, hash: undefined };
  const stopped = key.revoked ? null : stoppedBy(state, whoOf(key));
  const old = (key.former ?? []).filter(({ untilMs }) => untilMs > nowMs);
  return {
    id, object: 'key', customer: key.tenant, revoked: key.revoked,
    state: keyStateOf(state, key, nowMs), ...shown,
    expires_at: expiresAtMs === null ? null : Math.floor(expiresAtMs / 1000),
    ...(stopped === null ? {} : { suspended_by: suspensionView(stopped) }),
    ...(old.length === 0 ? {}
      : { old_values_until: old.map(({ untilMs }) => Math.floor(untilMs / 1000)) }),
  };
}

/** Of a key: to the second. */
export function useView(use: KeyUseView | undefined): object {
  return {
    last_used_at: use === undefined ? null : Math.floor(use.atMs / 1000),
    open_jobs: use?.open_jobs ?? 0,
  };
}

/** Of a customer or a team. */
export function stateView(state: GovernanceState, level: LimitLevel, id: string): object {
  const suspension = state.suspensions.get(limitsName(level, id));
  if (suspension === undefined) return { state: 'active' };
  return { state: 'suspended', suspended_by: suspensionView(suspension) };
}

function suspensionView({ level, id, reason, origin, sinceMs }: Suspension): object {
  return { level, id, reason, origin, since: Math.floor(sinceMs / 1000) };
}
