// The part of applying a configuration that stops customers, teams and keys, and lets them go on.
import type { DesiredConfig } from './desired-config';
import { changed, type DiffPart, emptyPart, removed } from './diff-part';
import { limitsName } from './limits';
import type { GovernanceState } from './state';

/** What an administrator suspended stays so, whatever the file says. */
export function diffSuspensions(state: GovernanceState, desired: DesiredConfig): DiffPart {
  const part = emptyPart();
  const wanted = desired.suspensions ?? [];
  for (const { level, id, customer: tenant, reason } of wanted) {
    const name = limitsName(level, id);
    const now = state.suspensions.get(name);
    if (now !== undefined && (now.origin !== 'file' || now.reason === reason)) continue;
    const data = { level, id, reason, origin: 'file' as const };
    part.sets.push({ type: 'AccessSuspended', subject: name, tenant, data });
    part.changes.push(changed('suspension', name, now && { reason: now.reason }, { reason }));
  }
  const names = new Set(wanted.map(({ level, id }) => limitsName(level, id)));
  for (const [name, { level, id, origin, tenant }] of state.suspensions) {
    if (origin !== 'file' || names.has(name)) continue;
    part.removals.push({
      type: 'AccessResumed', subject: name, tenant, data: { level, id, origin: 'file' },
    });
    part.changes.push(removed('suspension', name));
  }
  return part;
}
