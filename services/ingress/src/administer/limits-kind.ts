// Budgets and rate limits in administration: as an entity of their own (`limits/key/<id>`), and as
// fields of the customers, teams and keys that they bound.
import { z } from 'zod';
import { type EventDraft } from '@libs/events/envelope';
import { type LimitLevel, limitLevel } from '@libs/events/limits';
import { boundsNothing, limitsName } from '@libs/governance/limits';
import { usdFromPico } from '@libs/governance/money';
import { type GovernanceState, type Limits } from '@libs/governance/state';
import { buildLimits, type LimitsBuilt, limitsFields, type LimitsYaml } from '@libs/settings/limits-shape';
import { checkShape } from '../shared/read-json';
import { type HttpRefusal, isRefusal, refusal } from '../shared/refusal';
import { type Body, type EntityKind } from './entity-kind';

interface Owner {
  readonly level: LimitLevel;
  readonly id: string;
  readonly tenant: string;
}

const limitsBody = z.object({
  level: limitLevel, id: z.string(), ...limitsFields,
  max_concurrent: limitsFields.max_concurrent.nullable(),
});

export const limits: EntityKind = {
  list: (state) => [...state.limits.values()].map(limitsView),
  find: (state, wanted) => {
    const found = state.limits.get(wanted);
    return found === undefined ? null : { view: limitsView(found), origin: found.origin };
  },
  make: (body, { state }) => {
    const value = checkShape(body, limitsBody);
    if (isRefusal(value)) return value;
    const owner = ownerOf(state, value.level, value.id);
    if (isRefusal(owner)) return owner;
    const built = buildLimits(value)
      ?? { budgets: [], rate_limits: [], max_concurrent: null };
    return { id: limitsName(owner.level, owner.id), draft: draftOf(owner, built) };
  },
  changeable: true,
  idFields: (wanted): Body => {
    const slash = wanted.indexOf('/');
    return { level: wanted.slice(0, Math.max(0, slash)), id: wanted.slice(slash + 1) };
  },
  remove: (state, wanted) => {
    const found = state.limits.get(wanted) as Limits;
    return draftOf(found, { budgets: [], rate_limits: [], max_concurrent: null });
  },
};

/**
 * The event that goes with a customer, team or key whose body names limits; none when it does not:
 * what bounds it then stays. Limits of a file are changed there.
 */
export function limitsDrafts(
  state: GovernanceState, owner: Owner, value: LimitsYaml,
): readonly EventDraft[] | HttpRefusal {
  const built = buildLimits(value);
  if (built === null) return [];
  const name = limitsName(owner.level, owner.id);
  const now = state.limits.get(name);
  if (now?.origin === 'file') {
    return refusal(409, 'owned_by_file',
      `The limits of ${name} come from the configuration file; change them there and apply it.`);
  }
  return now === undefined && boundsNothing(built) ? [] : [draftOf(owner, built)];
}

/** Fields that show what bounds an entity; empty where nothing does. */
export function limitsOfEntity(state: GovernanceState, level: LimitLevel, id: string): object {
  const found = state.limits.get(limitsName(level, id));
  return found === undefined ? {} : fieldsOf(found);
}

export function limitsView(found: Limits): object {
  const { level, id, tenant: customer, origin } = found;
  return { level, id, customer, ...fieldsOf(found), origin };
}

function fieldsOf({ budgets, rate_limits: rates, max_concurrent: most }: Limits): object {
  return {
    budgets: budgets.map(({ limit_pico_usd: limit, ...rest }) =>
      ({ limit_usd: usdFromPico(limit), ...rest })),
    rate_limits: rates,
    max_concurrent: most,
  };
}

function draftOf({ level, id, tenant }: Owner, built: LimitsBuilt): EventDraft {
  return {
    type: 'LimitsSet', subject: limitsName(level, id), tenant,
    data: { level, id, ...built, origin: 'api' },
  };
}

function ownerOf(state: GovernanceState, level: LimitLevel, id: string): Owner | HttpRefusal {
  const tenant = level === 'customer' ? state.customers.get(id)?.customer
    : level === 'team' ? state.teams.get(id)?.customer : state.keys.get(id)?.tenant;
  if (tenant !== undefined) return { level, id, tenant };
  return refusal(400, 'invalid_value', `There is no ${level} "${id}".`, { param: 'id' });
}
