// Keys of a partition's customers that come near their end.
import { partitionOf } from '@libs/events/subjects';
import type { GovernanceState, VirtualKey } from '@libs/governance/state';
import type { Due } from './due';

interface Look {
  readonly due: Due[];
  /** When the next one is due, if nothing changes. */
  readonly nextMs: number;
}

/** Of the times before its end that have come only the last: a key that is made for a day has one. */
export function expiringKeys(
  { governance, nowMs, partitionCount }: {
    readonly governance: Pick<GovernanceState, 'keys' | 'alerts'>; readonly nowMs: number;
    readonly partitionCount: number;
  },
  partition: number,
): Look {
  const look: Look & { nextMs: number } = { due: [], nextMs: Infinity };
  const times = governance.alerts.key_expiring_ms.toSorted((one, other) => one - other);
  for (const key of governance.keys.values()) {
    const endsMs = key.created.expires_at_ms;
    if (endsMs === null || endsMs <= nowMs || key.revoked) continue;
    if (partitionOf(key.tenant, partitionCount) !== partition) continue;
    const beforeMs = times.find((time) => endsMs - time <= nowMs);
    if (beforeMs !== undefined) look.due.push(dueOf(key, endsMs, beforeMs));
    for (const time of times) {
      const atMs = endsMs - time;
      if (atMs > nowMs) look.nextMs = Math.min(look.nextMs, atMs);
    }
  }
  return look;
}

function dueOf({ tenant, created }: VirtualKey, endsMs: number, beforeMs: number): Due {
  const { key, name, team } = created;
  return {
    id: ['key_expiring', key, new Date(endsMs).toISOString(), beforeMs].join('/'),
    tenant,
    data: {
      alert: 'key_expiring', key, name, team, expires_at_ms: endsMs, before_ms: beforeMs,
    },
  };
}
