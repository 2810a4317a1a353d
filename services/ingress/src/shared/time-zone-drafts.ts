// What a time zone means stands in the log before a budget begins its windows in it (ADR 15).
import { type EventDraft } from '@libs/events/envelope';
import { systemTenant } from '@libs/governance/state';
import { type GovernanceState } from '@libs/governance/state';
import { isOutdated, timeZoneTable } from '@libs/settings/time-zone-offsets';

/** The drafts, behind those that say what the zones they name mean. */
export function withTimeZones(
  state: GovernanceState, drafts: readonly EventDraft[], nowMs: number,
): readonly EventDraft[] {
  const named = new Set(drafts.flatMap((draft) => (draft.type === 'LimitsSet'
    ? draft.data.budgets.flatMap(({ time_zone: zone }) => zone ?? []) : [])));
  const zones = zoneDrafts(state, named, nowMs);
  return zones.length === 0 ? drafts : [...zones, ...drafts];
}

/** Of those that this runtime knows better than the log. */
export function zoneDrafts(
  state: GovernanceState, names: Iterable<string>, nowMs: number,
): EventDraft[] {
  return [...names]
    .filter((name) => isOutdated(state.timeZones.get(name), nowMs))
    .map((name): EventDraft => ({
      type: 'TimeZoneSet', subject: name, tenant: systemTenant,
      data: { ...timeZoneTable(name, nowMs), origin: 'system' },
    }));
}
