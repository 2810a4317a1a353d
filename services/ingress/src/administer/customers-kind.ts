// Customers in administration.
import { z } from 'zod';
import { type Catalogue } from '@libs/events/catalogue';
import { contentRules } from '@libs/events/content-rules';
import { type GovernanceState, systemTenant } from '@libs/governance/state';
import { buildAccess } from '@libs/settings/access-shape';
import { timeZoneField } from '@libs/settings/limits-shape';
import { isRefusal, refusal } from '../shared/refusal';
import { accessBody, checkFields, rulesAsBody } from './access-bodies';
import { accessDrafts } from './access-drafts';
import { type EntityKind, entityId, entityName } from './entity-kind';
import { stateView } from './key-view';
import { limitsOfEntity } from './limits-kind';

const customerBody = z.object({
  id: entityId.refine((value) => value !== systemTenant, {
    error: 'is taken for what belongs to no customer',
  }),
  name: entityName, weight: z.number().positive().default(1),
  time_zone: timeZoneField.optional(), content: contentRules.strict().optional(), ...accessBody,
});

export const customers: EntityKind = {
  list: (state) => [...state.customers.values()].map((one) => view(state, one)),
  find: (state, wanted) => {
    const one = state.customers.get(wanted);
    return one === undefined ? null : { view: view(state, one), origin: one.origin };
  },
  make: (body, context) => {
    const value = checkFields(body, customerBody);
    if (isRefusal(value)) return value;
    const { id, name, weight, content, time_zone: zone } = value;
    const owner = { level: 'customer' as const, id, tenant: id };
    const also = accessDrafts(context, owner, value);
    if (isRefusal(also)) return also;
    const data = {
      customer: id, name, weight, ...buildAccess(value),
      ...(zone === undefined ? {} : { time_zone: zone }),
      ...(content === undefined ? {} : { content }), origin: 'api' as const,
    };
    const draft = { type: 'CustomerSet' as const, subject: id, tenant: id, data };
    return { id, draft, also };
  },
  changeable: true,
  base: (state, wanted) => {
    const one = state.customers.get(wanted);
    return one === undefined ? null : {
      name: one.name, weight: one.weight, time_zone: one.time_zone, content: one.content,
      ...rulesAsBody(one),
    };
  },
  inUse: (state, wanted) => {
    const teams = [...state.teams.values()].filter(({ customer }) => customer === wanted);
    const keys = [...state.keys.values()].filter((key) => key.tenant === wanted && !key.revoked);
    if (teams.length + keys.length === 0) return null;
    const named = [
      ...teams.map(({ team }) => `team ${team}`), ...keys.map(({ id }) => `key ${id}`),
    ];
    return refusal(409, 'in_use', `customers/${wanted} has ${named.slice(0, 10).join(', ')}`
      + `${named.length > 10 ? ` and ${named.length - 10} more` : ''}; remove or move them first, `
      + 'or suspend it.');
  },
  idFields: (wanted) => ({ id: wanted }),
  remove: (_state, wanted) => ({
    type: 'CustomerRemoved', subject: wanted, tenant: wanted,
    data: { customer: wanted, origin: 'api' },
  }),
};

function view(state: GovernanceState, one: Catalogue['CustomerSet']): object {
  const id = one.customer;
  return { ...one, ...stateView(state, 'customer', id), ...limitsOfEntity(state, 'customer', id) };
}
