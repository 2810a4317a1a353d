// The part of applying a configuration that is about virtual keys.
import type { EventDraft } from '@libs/events/envelope';
import type { DesiredConfig } from './desired-config';
import { type DiffPart, emptyPart, sameValue } from './diff-part';
import type { GovernanceState, VirtualKey } from './state';

type WantedKey = DesiredConfig['keys'][number];

export function diffKeys(state: GovernanceState, desired: DesiredConfig): DiffPart {
  const part = emptyPart();
  const idByHash = new Map(state.keyIdByHash);
  for (const wanted of desired.keys) {
    const id = wanted.key;
    const now = state.keys.get(id);
    const message = clash(idByHash, wanted, now);
    if (message === null) idByHash.set(wanted.hash, id);
    if (message !== null) {
      part.conflicts.push({ entity: 'key', id, message });
    } else if (now === undefined || now.revoked || !sameKey(now, wanted)) {
      part.sets.push(created(wanted));
      part.changes.push({ action: now === undefined ? 'create' : 'change', entity: 'key', id });
    }
  }
  const ids = new Set(desired.keys.map((key) => key.key));
  for (const [id, now] of state.keys) {
    if (now.created.origin !== 'file' || now.revoked || ids.has(id)) continue;
    part.removals.push({
      type: 'KeyRevoked', subject: id, tenant: now.tenant,
      data: { key: id, reason: 'removed from the configuration file', origin: 'file' },
    });
    part.changes.push({ action: 'remove', entity: 'key', id });
  }
  return part;
}

function clash(
  idByHash: ReadonlyMap<string, string>, wanted: WantedKey, now: VirtualKey | undefined,
): string | null {
  const sameHash = idByHash.get(wanted.hash);
  if (sameHash !== undefined && sameHash !== wanted.key) {
    return `key ${wanted.key} has the same value as key ${sameHash}`;
  }
  if (now === undefined) return null;
  if (now.created.origin === 'api') return `key ${wanted.key} was made by the API`;
  const revokedByApi = now.revoked && now.revokedBy !== 'file' && now.created.hash === wanted.hash;
  return revokedByApi ? `key ${wanted.key} was revoked; give it a new value` : null;
}

function sameKey(now: VirtualKey, wanted: WantedKey): boolean {
  const { customer, ...data } = wanted;
  return now.tenant === customer && sameValue(now.created, { ...data, origin: 'file' });
}

function created(wanted: WantedKey): EventDraft {
  const { customer: tenant, ...data } = wanted;
  return { type: 'KeyCreated', subject: wanted.key, tenant, data: { ...data, origin: 'file' } };
}
