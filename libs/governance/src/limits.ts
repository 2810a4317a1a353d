// Which bounds apply to a request, and how they are named.
import type { LimitsConfig } from '@libs/events/governance-events';
import type { LimitLevel } from '@libs/events/limits';
import type { GovernanceState, Limits } from './state';

export function limitsName(level: LimitLevel, id: string): string {
  return `${level}/${id}`;
}

/** Nobody is bounded any more. */
export function boundsNothing(
  limits: Pick<LimitsConfig, 'budgets' | 'rate_limits' | 'max_concurrent' | 'concurrent'>,
): boolean {
  return limits.budgets.length === 0 && limits.rate_limits.length === 0
    && limits.max_concurrent === null && (limits.concurrent ?? []).length === 0;
}

const none: readonly Limits[] = [];

/** Bounds of all levels of a request: of its key first, then of its team and its customer. */
export function limitsOf(
  { limits }: Pick<GovernanceState, 'limits'>,
  who: { readonly tenant: string; readonly team: string | null; readonly key: string | null },
): readonly Limits[] {
  if (limits.size === 0) return none;
  const found = [
    who.key === null ? undefined : limits.get(limitsName('key', who.key)),
    who.team === null ? undefined : limits.get(limitsName('team', who.team)),
    limits.get(limitsName('customer', who.tenant)),
  ];
  // Of another customer, whose accounts stand in another partition: a team that moved.
  return found.filter((one): one is Limits => one !== undefined && one.tenant === who.tenant);
}
