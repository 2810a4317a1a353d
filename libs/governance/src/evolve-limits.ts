// The fold of what bounds whom: limits, temporary raises of budgets, and what names of time zones mean.
// Each `Limits` carries the raises and offsets that its budgets need, so whoever counts has one value.
import type { Catalogue } from '@libs/events/catalogue';
import { type HoldfastEvent, timeMs } from '@libs/events/envelope';
import { boundsNothing, limitsName } from './limits';
import type { GovernanceState, Limits } from './state';

/** Bounds outlive who they bound: a key made again under its id has not earned a new budget. */
export function limitsSet(
  state: GovernanceState, event: HoldfastEvent<'LimitsSet'>,
): GovernanceState {
  const name = limitsName(event.data.level, event.data.id);
  const limits = new Map(state.limits);
  if (boundsNothing(event.data)) limits.delete(name);
  else {
    const linked: Limits = { ...event.data, tenant: event.tenant, raises: [], zones: new Map() };
    limits.set(name, link(state, name, linked));
  }
  return { ...state, limits };
}

/** Those that ended before this one was made are forgotten. */
export function budgetRaised(
  state: GovernanceState, event: HoldfastEvent<'BudgetRaised'>,
): GovernanceState {
  const { data } = event;
  const name = limitsName(data.level, data.id);
  const others = (state.raises.get(name) ?? [])
    .filter(({ raise, until_ms: untilMs }) => raise !== data.raise && untilMs > timeMs(event));
  const raises = new Map(state.raises).set(name, [...others, data]);
  return relinked({ ...state, raises }, (other) => other === name);
}

export function timeZoneSet(
  state: GovernanceState, data: Catalogue['TimeZoneSet'],
): GovernanceState {
  const timeZones = new Map(state.timeZones).set(data.time_zone, data);
  return relinked({ ...state, timeZones }, (_, { budgets }) =>
    budgets.some((budget) => budget.time_zone === data.time_zone));
}

function relinked(
  state: GovernanceState, isMeant: (name: string, limits: Limits) => boolean,
): GovernanceState {
  const limits = new Map(state.limits);
  for (const [name, one] of limits) {
    if (isMeant(name, one)) limits.set(name, link(state, name, one));
  }
  return { ...state, limits };
}

function link(state: GovernanceState, name: string, limits: Limits): Limits {
  const named = new Set(limits.budgets.flatMap(({ time_zone: zone }) => zone ?? []));
  const zones = [...named].flatMap((zone) => {
    const known = state.timeZones.get(zone);
    return known === undefined ? [] : [[zone, known.offsets] as const];
  });
  return { ...limits, raises: state.raises.get(name) ?? [], zones: new Map(zones) };
}
