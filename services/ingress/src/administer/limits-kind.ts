// Budgets and rate limits in administration: as an entity of their own (`limits/key/<id>`), and as
// fields of the customers, teams and keys that they bound.
import { z } from 'zod';
import { type EventDraft } from '@libs/events/envelope';
import { type BudgetRaise, type LimitLevel, limitLevel } from '@libs/events/limits';
import { countsNothing, countsNowhere } from '@libs/governance/check-desired';
import { knownNames } from '@libs/governance/known-names';
import { boundsNothing, limitsName } from '@libs/governance/limits';
import { addPico, usdFromPico } from '@libs/governance/money';
import { type GovernanceState, type Limits } from '@libs/governance/state';
import { pathText } from '@libs/settings/config-problem';
import { limitProblems } from '@libs/settings/limit-problems';
import {
  buildLimits, type LimitsBuilt, limitsFields, type LimitsYaml,
} from '@libs/settings/limits-shape';
import { nearestName } from '@libs/governance/nearest-name';
import { type HttpRefusal, isRefusal, refusal } from '../shared/refusal';
import { checkFields } from './access-bodies';
import { boundsAsBody } from './bounds-as-body';
import { type Body, type EntityKind, type MakeContext } from './entity-kind';

interface Owner {
  readonly level: LimitLevel;
  readonly id: string;
  readonly tenant: string;
}

type LimitsValue = LimitsYaml & { readonly time_zone?: string | undefined };

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
  make: (body, context) => {
    const value = checkFields(body, limitsBody);
    if (isRefusal(value)) return value;
    const owner = ownerOf(context.state, value.level, value.id);
    if (isRefusal(owner)) return owner;
    const built = checkedLimits(context, owner, value);
    if (isRefusal(built)) return built;
    if (built === null) {
      return refusal(400, 'invalid_value',
        'Name budgets, rate_limits or max_concurrent; an empty list or DELETE lifts them.');
    }
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
  context: MakeContext, owner: Owner, value: LimitsValue,
): readonly EventDraft[] | HttpRefusal {
  const { state } = context;
  const built = checkedLimits(context, owner, value);
  if (built === null) return [];
  if (isRefusal(built)) return built;
  const name = limitsName(owner.level, owner.id);
  const now = state.limits.get(name);
  if (now?.origin === 'file') {
    return refusal(409, 'owned_by_file',
      `The limits of ${name} come from the configuration file; change them there and apply it.`);
  }
  return now === undefined && boundsNothing(built) ? [] : [draftOf(owner, built)];
}

/** null: nothing is said of limits. */
function checkedLimits(
  { state, nowMs, partly }: MakeContext, owner: Owner, given: LimitsValue,
): LimitsBuilt | HttpRefusal | null {
  const now = state.limits.get(limitsName(owner.level, owner.id));
  const value = partly === true && now !== undefined
    ? { ...boundsAsBody(now, nowMs), ...named(given) } : given;
  const defaults = { nowMs, timeZone: given.time_zone ?? zoneOf(state, owner) };
  const [problem] = limitProblems(value, defaults);
  if (problem !== undefined) return wrongLimit(pathText(problem.path), problem.message);
  // What was said before is not looked at again: what it was about may be gone.
  const said = buildLimits(given, defaults);
  if (said === null) return null;
  const known = knownNames({ providers: state.providers.values(), routes: state.routes.values() });
  const bounds = { ...owner, ...said };
  const [nothing] = [...countsNothing(bounds, known), ...countsNowhere(bounds, known)];
  return nothing === undefined ? buildLimits(value, defaults)
    : wrongLimit(nothing.field, nothing.message);
}

/** Fields of limits that a body names. */
function named({ budgets, rate_limits: rates, max_concurrent: most }: LimitsValue): LimitsYaml {
  return {
    ...(budgets === undefined ? {} : { budgets }),
    ...(rates === undefined ? {} : { rate_limits: rates }),
    ...(most === undefined ? {} : { max_concurrent: most }),
  };
}

function wrongLimit(param: string, message: string): HttpRefusal {
  return refusal(400, 'invalid_value', `${param}: ${message}.`, { param });
}

function zoneOf({ customers }: GovernanceState, { tenant }: Owner): string | null {
  return customers.get(tenant)?.time_zone ?? null;
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

function fieldsOf(found: Limits): object {
  const { budgets, rate_limits: rates, max_concurrent: most, concurrent = [], raises } = found;
  return {
    budgets: budgets.map(({ limit_pico_usd: limit, raise, ...rest }) => ({
      limit_usd: usdFromPico(limit), ...rest,
      ...(raise === undefined ? {} : { raise: {
        limit_usd: usdFromPico(addPico(limit, raise.add_pico_usd)), until: isoTime(raise.until_ms),
      } }),
    })),
    rate_limits: [...rates, ...concurrent],
    max_concurrent: most,
    ...(raises.length === 0 ? {} : { raises: raises.map(raiseView) }),
  };
}

export function raiseView(
  { raise: id, budget, add_pico_usd: add, until_ms: untilMs, reason }: BudgetRaise,
): object {
  return { id, budget, add_usd: usdFromPico(add), until: isoTime(untilMs), reason };
}

function isoTime(ms: number): string {
  return new Date(ms).toISOString();
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
  const { customers, teams, keys } = state;
  const all = level === 'customer' ? customers : level === 'team' ? teams : keys;
  const near = nearestName(id, all.keys());
  const hint = near === null ? '' : ` Did you mean "${near}"?`;
  return refusal(400, 'invalid_value', `There is no ${level} "${id}".${hint}`, { param: 'id' });
}
