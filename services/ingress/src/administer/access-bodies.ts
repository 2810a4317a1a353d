// What the bodies of customers, teams and keys have in common: rules of access, a state, unknown fields
// that are no good.
import { type z } from 'zod';
import { type EventDraft } from '@libs/events/envelope';
import { type LimitLevel } from '@libs/events/limits';
import { ruleProblems, type RulesOf } from '@libs/governance/check-rules';
import { knownNames } from '@libs/governance/known-names';
import { limitsName } from '@libs/governance/limits';
import { nearestName } from '@libs/governance/nearest-name';
import { type Rules } from '@libs/governance/policy';
import { type GovernanceState } from '@libs/governance/state';
import { accessFields, stateFields, stateProblem, type StateYaml } from '@libs/settings/access-shape';
import { limitsFields } from '@libs/settings/limits-shape';
import { checkShape } from '../shared/read-json';
import { type HttpRefusal, refusal } from '../shared/refusal';
import { type Body } from './entity-kind';

/** `null` takes a rule away, as leaving it out of a whole value does. */
export const accessBody = {
  ...accessFields, ...stateFields, ...limitsFields,
  max_concurrent: limitsFields.max_concurrent.nullable(),
};

export interface AccessOwner {
  readonly level: LimitLevel;
  readonly id: string;
  readonly tenant: string;
}

/** A field that is not known would rule nothing, and nobody would notice. */
export function checkFields<S extends z.ZodObject>(
  body: Body, schema: S,
): z.output<S> | HttpRefusal {
  const names = Object.keys(schema.shape);
  const unknown = Object.keys(body).find((name) => !names.includes(name));
  if (unknown === undefined) return checkShape(withoutNulls(body, schema), schema);
  const near = nearestName(unknown, names);
  const hint = near === null ? `known here: ${names.join(', ')}` : `did you mean "${near}"?`;
  return refusal(400, 'unknown_field', `There is no field "${unknown}"; ${hint}.`, { param: unknown });
}

/** Rules that are about nothing or contradict each other, all of them in one message. */
export function checkRules(
  state: GovernanceState, owner: AccessOwner, rules: Rules, team: string | null = null,
): HttpRefusal | null {
  const names = knownNames({ providers: state.providers.values(), routes: state.routes.values() });
  const above: RulesOf[] = [];
  const [ofTeam, ofCustomer] = [
    team === null ? undefined : state.teams.get(team),
    owner.level === 'customer' ? undefined : state.customers.get(owner.tenant),
  ];
  if (ofTeam !== undefined) above.push({ level: 'team', id: ofTeam.team, rules: ofTeam });
  if (ofCustomer !== undefined) {
    above.push({ level: 'customer', id: ofCustomer.customer, rules: ofCustomer });
  }
  const problems = ruleProblems({ level: owner.level, id: owner.id, rules }, names, above);
  const [first] = problems;
  if (first === undefined) return null;
  const message = problems.map((one) => `${one.field}: ${one.message}`).join('; ');
  return refusal(400, 'invalid_value', `${message}.`, { param: first.field });
}

/** The event that goes with a body that names a state; none when it does not, or it is so already. */
export function stateDrafts(
  state: GovernanceState, owner: AccessOwner, value: StateYaml,
): readonly EventDraft[] | HttpRefusal {
  const problem = stateProblem(value);
  if (problem !== null) return refusal(400, 'invalid_value', `state: ${problem}.`, { param: 'state' });
  if (value.state === undefined) return [];
  return value.state === 'suspended'
    ? suspensionDrafts(state, owner, value.suspended_reason ?? '')
    : resumeDrafts(state, owner);
}

export function suspensionDrafts(
  state: GovernanceState, { level, id, tenant }: AccessOwner, reason: string,
): readonly EventDraft[] {
  const name = limitsName(level, id);
  const now = state.suspensions.get(name);
  if (now?.reason === reason && now.origin === 'api') return [];
  const data = { level, id, reason, origin: 'api' as const };
  return [{ type: 'AccessSuspended', subject: name, tenant, data }];
}

export function resumeDrafts(
  state: GovernanceState, { level, id, tenant }: AccessOwner,
): readonly EventDraft[] | HttpRefusal {
  const name = limitsName(level, id);
  const now = state.suspensions.get(name);
  if (now === undefined) return [];
  if (now.origin === 'file') {
    return refusal(409, 'owned_by_file',
      `${name} is suspended by the configuration file; change its state there and apply it.`);
  }
  return [{ type: 'AccessResumed', subject: name, tenant, data: { level, id, origin: 'api' } }];
}

/** Rules of an entity as a body has them, to lay a partial change over. */
export function rulesAsBody(rules: Rules & { readonly metadata?: unknown }): Body {
  const { models, providers, denied_models, denied_providers, params, metadata } = rules;
  const body: Body = { models, providers, denied_models, denied_providers, metadata };
  if (params !== undefined) {
    const { refused, ...rest } = params;
    body['params'] = { ...rest, refuse: refused };
  }
  return Object.fromEntries(Object.entries(body).filter(([, value]) => value !== undefined));
}

/** null says of a field that takes none what leaving it out says. */
function withoutNulls(body: Body, schema: z.ZodObject): Body {
  return Object.fromEntries(Object.entries(body).filter(([name, value]) => {
    if (value !== null) return true;
    const field = schema.shape[name] as z.ZodType | undefined;
    return field === undefined || field.safeParse(null).success;
  }));
}

export function absent(what: string, which: string): HttpRefusal {
  return refusal(400, 'invalid_value', `There is no ${what} "${which}".`, { param: what });
}
