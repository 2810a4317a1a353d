// The part of applying a configuration that is about virtual keys.
import type { EventDraft } from '@libs/events/envelope';
import type { DesiredConfig } from './desired-config';
import { sameValue } from './diff-fields';
import { changed, type DiffPart, emptyPart, removed } from './diff-part';
import type { GovernanceState, VirtualKey } from './state';

type WantedKey = DesiredConfig['keys'][number];

export function diffKeys(state: GovernanceState, desired: DesiredConfig, nowMs: number): DiffPart {
  const part = emptyPart();
  const ids = new Set(desired.keys.map((key) => key.key));
  const idByHash = new Map([...state.keyIdByHash].filter(([, id]) => !isLeft(state.keys.get(id), ids)));
  for (const wanted of desired.keys) {
    const id = wanted.key;
    const now = state.keys.get(id);
    const message = clash(idByHash, wanted, now);
    if (message === null) idByHash.set(wanted.hash, id);
    if (message !== null) {
      part.conflicts.push({ entity: 'key', id, message });
      continue;
    }
    const drafts = keyDrafts(now, wanted, nowMs);
    if (drafts.length === 0) continue;
    part.sets.push(...drafts);
    part.changes.push(changed('key', id, now && fieldsOf(now), wanted));
  }
  for (const [id, now] of state.keys) {
    if (now.revoked || !isLeft(now, ids)) continue;
    part.removals.push({
      type: 'KeyRevoked', subject: id, tenant: now.tenant,
      data: { key: id, reason: 'removed from the configuration file', origin: 'file' },
    });
    part.changes.push(removed('key', id));
  }
  return part;
}

/**
 * It came from the file, which has it no more: its value may go on under another name, unless it was
 * an administrator who revoked it.
 */
function isLeft(key: VirtualKey | undefined, wanted: ReadonlySet<string>): boolean {
  if (key === undefined || (key.revoked && key.revokedBy !== 'file')) return false;
  return key.created.origin === 'file' && !wanted.has(key.id);
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

/** A key that stays where it is keeps its value, and its former one for a while where that is said. */
function keyDrafts(
  now: VirtualKey | undefined, wanted: WantedKey, nowMs: number,
): readonly EventDraft[] {
  const { customer: tenant, overlap_s: overlapS, ...bare } = wanted;
  const data = { ...bare, origin: 'file' as const };
  const subject = wanted.key;
  const created: EventDraft = { type: 'KeyCreated', subject, tenant, data };
  if (now === undefined || now.revoked || now.tenant !== tenant) return [created];
  const { hash, hint, ...rest } = data;
  const rotates = now.created.hash !== hash;
  if (rotates && overlapS === undefined) return [created];
  const drafts: EventDraft[] = [];
  if (rotates) {
    const rotated = { key: subject, hash, hint, origin: data.origin };
    const until = { old_until_ms: nowMs + (overlapS ?? 0) * 1000 };
    drafts.push({ type: 'KeyRotated', subject, tenant, data: { ...rotated, ...until } });
  }
  // But for its value, as it is wanted.
  const { hash: formerHash, hint: formerHint } = now.created;
  const isSame = sameValue(now.created, { ...rest, hash: formerHash, hint: formerHint });
  if (!isSame) drafts.push({ type: 'KeyChanged', subject, tenant, data: rest });
  return drafts;
}

function fieldsOf({ tenant: customer, created }: VirtualKey): object {
  return { ...created, customer };
}
