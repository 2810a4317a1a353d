// The kinds of entities that can be administered, and how their bodies become events. Providers and
// routes take the same shape as in holdfast.yaml and are read by the same code.
import { type Origin } from '@libs/events/governance-events';
import { systemTenant } from '@libs/governance/state';
import { isRefusal } from '../shared/refusal';
import { administrators, oidc } from './administrators-kind';
import { customers } from './customers-kind';
import { type EntityKind, type Found } from './entity-kind';
import { keys } from './keys-kind';
import { limits } from './limits-kind';
import { prices } from './prices-kind';
import { teams } from './teams-kind';
import { readProvider, readRoute } from './read-as-file';

const tenant = systemTenant;
const origin = 'api' as const;

const providers: EntityKind = {
  list: (state) => [...state.providers.values()],
  find: (state, wanted) => found(state.providers.get(wanted)),
  make: (body) => {
    const provider = readProvider(body);
    if (isRefusal(provider)) return provider;
    const subject = provider.provider;
    const data = { ...provider, origin };
    return { id: subject, draft: { type: 'ProviderConfigured', subject, tenant, data } };
  },
  changeable: true,
  idFields: (wanted) => ({ id: wanted }),
  remove: (_state, wanted) => ({
    type: 'ProviderRemoved', subject: wanted, tenant, data: { provider: wanted, origin },
  }),
};

const routes: EntityKind = {
  list: (state) => [...state.routes.values()],
  find: (state, wanted) => found(state.routes.get(wanted)),
  make: (body, { state }) => {
    const route = readRoute(state, body);
    if (isRefusal(route)) return route;
    const subject = route.model;
    const data = { ...route, origin };
    return { id: subject, draft: { type: 'RouteConfigured', subject, tenant, data } };
  },
  changeable: true,
  idFields: (wanted) => ({ model: wanted }),
  remove: (_state, wanted) => ({
    type: 'RouteRemoved', subject: wanted, tenant, data: { model: wanted, origin },
  }),
};

export const kinds: Readonly<Record<string, EntityKind>> = {
  customers, teams, keys, limits, providers, routes, prices, administrators, oidc,
};

function found(value: (object & { origin: Origin }) | undefined): Found | null {
  return value === undefined ? null : { view: value, origin: value.origin };
}
