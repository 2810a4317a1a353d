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
/** Asked several times for each request. By the limits of one state, which never change. */
const known = new WeakMap<GovernanceState['limits'], Map<string, readonly Limits[]>>();
/** More callers than this are hardly under way between two changes of the limits. */
const knownMax = 50_000;

/**
 * Bounds of all levels of a request: of its key first, then of its team and its customer; the same
 * array each time, as long as no limits are changed.
 */
export function limitsOf(
  { limits }: Pick<GovernanceState, 'limits'>,
  who: { readonly tenant: string; readonly team: string | null; readonly key: string | null },
): readonly Limits[] {
  if (limits.size === 0) return none;
  const byCaller = known.get(limits) ?? new Map<string, readonly Limits[]>();
  if (byCaller.size === 0) known.set(limits, byCaller);
  const name = `${who.tenant}\n${who.team ?? ''}\n${who.key ?? ''}`;
  let found = byCaller.get(name);
  if (found === undefined) {
    found = findLimits(limits, who);
    if (byCaller.size >= knownMax) byCaller.clear();
    byCaller.set(name, found);
  }
  return found;
}

function findLimits(
  limits: GovernanceState['limits'], who: Parameters<typeof limitsOf>[1],
): readonly Limits[] {
  const found = [
    who.key === null ? undefined : limits.get(limitsName('key', who.key)),
    who.team === null ? undefined : limits.get(limitsName('team', who.team)),
    limits.get(limitsName('customer', who.tenant)),
  ];
  // Of another customer, whose accounts stand in another partition: a team that moved.
  return found.filter((one): one is Limits => one !== undefined && one.tenant === who.tenant);
}
