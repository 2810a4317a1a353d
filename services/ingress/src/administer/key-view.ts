// A virtual key as administration shows it.
import { type VirtualKey } from '@libs/governance/state';

/** Without the hash: it is no secret, and of no use to anybody either. */
export function keyView(key: VirtualKey): object {
  const { key: id, expires_at_ms: expiresAtMs, ...created } = key.created;
  const shown = { ...created, hash: undefined };
  return {
    id, object: 'key', customer: key.tenant, revoked: key.revoked, ...shown,
    expires_at: expiresAtMs === null ? null : Math.floor(expiresAtMs / 1000),
  };
}
