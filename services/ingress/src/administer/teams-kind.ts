// Teams in administration.
import { z } from 'zod';
import { type Catalogue } from '@libs/events/catalogue';
import { systemTenant } from '@libs/governance/state';
import { type GovernanceState } from '@libs/governance/state';
import { buildAccess } from '@libs/settings/access-shape';
import { isRefusal, refusal } from '../shared/refusal';
import { absent, accessBody, checkFields, rulesAsBody } from './access-bodies';
import { accessDrafts } from './access-drafts';
import { type EntityKind, entityId, entityName } from './entity-kind';
import { stateView } from './key-view';
import { limitsOfEntity } from './limits-kind';

const teamBody = z.object({
  id: entityId, customer: entityId.default('default'), name: entityName, ...accessBody,
});

export const teams: EntityKind = {
  list: (state) => [...state.teams.values()].map((one) => view(state, one)),
  find: (state, wanted) => {
    const one = state.teams.get(wanted);
    return one === undefined ? null : { view: view(state, one), origin: one.origin };
  },
  make: (body, context) => {
    const { state } = context;
    const value = checkFields(body, teamBody);
    if (isRefusal(value)) return value;
    const { id, customer, name } = value;
    if (!state.customers.has(customer)) return absent('customer', customer);
    const keys = keysOf(state, id);
    if (keys.some((key) => key.tenant !== customer)) return inUse(id, keys, 'move it');
    const owner = { level: 'team' as const, id, tenant: customer };
    const also = accessDrafts(context, owner, value);
    if (isRefusal(also)) return also;
    const data = { team: id, customer, name, ...buildAccess(value), origin: 'api' as const };
    const draft = { type: 'TeamSet' as const, subject: id, tenant: customer, data };
    return { id, draft, also };
  },
  changeable: true,
  base: (state, wanted) => {
    const one = state.teams.get(wanted);
    return one === undefined ? null
      : { customer: one.customer, name: one.name, ...rulesAsBody(one) };
  },
  inUse: (state, wanted) => {
    const keys = keysOf(state, wanted);
    return keys.length === 0 ? null : inUse(wanted, keys, 'remove it');
  },
  idFields: (wanted) => ({ id: wanted }),
  remove: (state, wanted) => ({
    type: 'TeamRemoved', subject: wanted, tenant: state.teams.get(wanted)?.customer ?? systemTenant,
    data: { team: wanted, origin: 'api' },
  }),
};

type Keys = ReturnType<typeof keysOf>;

function keysOf(state: GovernanceState, team: string) {
  return [...state.keys.values()].filter((key) => key.created.team === team && !key.revoked);
}

function inUse(team: string, keys: Keys, what: string) {
  const named = keys.slice(0, 10).map(({ id }) => id).join(', ');
  return refusal(409, 'in_use', `teams/${team} has the keys ${named}`
    + `${keys.length > 10 ? ` and ${keys.length - 10} more` : ''}; revoke them first to ${what}, `
    + 'or suspend it.');
}

function view(state: GovernanceState, one: Catalogue['TeamSet']): object {
  return { ...one, ...stateView(state, 'team', one.team), ...limitsOfEntity(state, 'team', one.team) };
}
