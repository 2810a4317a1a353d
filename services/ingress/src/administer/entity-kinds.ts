// The kinds of entities that can be administered, and how their bodies become events. Providers and
// routes take the same shape as in holdfast.yaml and are read by the same code.
import { randomBytes } from 'node:crypto';
import { z } from 'zod';
import { contentRules } from '@libs/events/content-rules';
import { type GovernanceState, systemTenant } from '@libs/governance/state';
import { sha256Hex } from '@libs/log/content';
import { limitsFields } from '@libs/settings/limits-shape';
import { checkShape } from '../shared/read-json';
import { type HttpRefusal, isRefusal, refusal } from '../shared/refusal';
import { keyView } from './apply-config';
import { type Body, type EntityKind, type Found, type MakeContext } from './entity-kind';
import { limits, limitsDrafts, limitsOfEntity } from './limits-kind';
import { prices } from './prices-kind';
import { readProvider, readRoute } from './read-as-file';

const id = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/, {
  error: 'takes letters, digits, ".", "_" and "-", up to 64',
});
const name = z.string().max(200).nullable().default(null);
const tenant = systemTenant;
const origin = 'api' as const;

const customerBody = z.object({
  id, name, weight: z.number().positive().default(1),
  content: contentRules.strict().optional(), ...limitsFields,
});
const customers: EntityKind = {
  list: (state) => [...state.customers.values()]
    .map((one) => ({ ...one, ...limitsOfEntity(state, 'customer', one.customer) })),
  find: (state, wanted) => withLimits(state, found(state.customers.get(wanted)), 'customer', wanted),
  make: (body, { state }) => {
    const value = checkShape(body, customerBody);
    if (isRefusal(value)) return value;
    const also = limitsDrafts(
      state, { level: 'customer', id: value.id, tenant: value.id }, value);
    if (isRefusal(also)) return also;
    const { content } = value;
    const data = {
      customer: value.id, name: value.name, weight: value.weight,
      ...(content === undefined ? {} : { content }), origin,
    };
    const draft = { type: 'CustomerSet' as const, subject: value.id, tenant: value.id, data };
    return { id: value.id, draft, also };
  },
  changeable: true,
  idFields: (wanted) => ({ id: wanted }),
  remove: (_state, wanted) => ({
    type: 'CustomerRemoved', subject: wanted, tenant: wanted, data: { customer: wanted, origin },
  }),
};

const teamBody = z.object({ id, customer: id.default('default'), name, ...limitsFields });
const teams: EntityKind = {
  list: (state) => [...state.teams.values()]
    .map((one) => ({ ...one, ...limitsOfEntity(state, 'team', one.team) })),
  find: (state, wanted) => withLimits(state, found(state.teams.get(wanted)), 'team', wanted),
  make: (body, { state }) => {
    const value = checkShape(body, teamBody);
    if (isRefusal(value)) return value;
    if (!state.customers.has(value.customer)) return absent('customer', value.customer);
    const owner = { level: 'team' as const, id: value.id, tenant: value.customer };
    const also = limitsDrafts(state, owner, value);
    if (isRefusal(also)) return also;
    const data = { team: value.id, customer: value.customer, name: value.name, origin };
    const draft = { type: 'TeamSet' as const, subject: value.id, tenant: value.customer, data };
    return { id: value.id, draft, also };
  },
  changeable: true,
  idFields: (wanted) => ({ id: wanted }),
  remove: (state, wanted) => ({
    type: 'TeamRemoved', subject: wanted, tenant: state.teams.get(wanted)?.customer ?? tenant,
    data: { team: wanted, origin },
  }),
};

const keyBody = z.object({
  id: id.optional(),
  customer: id.optional(),
  team: id.nullable().default(null),
  name,
  models: z.array(z.string()).default([]),
  providers: z.array(z.string()).default([]),
  visibility: z.enum(['key', 'team', 'customer']).default('team'),
  metadata: z.record(z.string(), z.string()).default({}),
  /** Seconds since the epoch. */
  expires_at: z.number().int().positive().nullable().default(null),
  ...limitsFields,
});
const keys: EntityKind = {
  list: (state) => [...state.keys.values()].map((key) => ({
    ...keyView(key), ...limitsOfEntity(state, 'key', key.id),
  })),
  find: (state, wanted) => {
    const key = state.keys.get(wanted);
    if (key === undefined) return null;
    const view = { ...keyView(key), ...limitsOfEntity(state, 'key', wanted) };
    return { view, origin: key.created.origin, gone: key.revoked };
  },
  make: makeKey,
  changeable: false,
  idFields: (wanted) => ({ id: wanted }),
  remove: (state, wanted) => ({
    type: 'KeyRevoked', subject: wanted, tenant: state.keys.get(wanted)?.tenant ?? tenant,
    data: { key: wanted, reason: 'revoked by an administrator', origin },
  }),
};

function makeKey(body: Body, { state }: MakeContext): ReturnType<EntityKind['make']> {
  const value = checkShape(body, keyBody);
  if (isRefusal(value)) return value;
  const team = value.team === null ? undefined : state.teams.get(value.team);
  if (value.team !== null && team === undefined) return absent('team', value.team);
  const customer = value.customer ?? team?.customer ?? 'default';
  if (!state.customers.has(customer)) return absent('customer', customer);
  if (team !== undefined && team.customer !== customer) {
    return refusal(400, 'invalid_value', `team ${team.team} belongs to ${team.customer}.`);
  }
  // 24 bytes: not to be guessed.
  const secret = `hf-${randomBytes(24).toString('base64url')}`;
  const keyId = value.id ?? `key_${randomBytes(8).toString('hex')}`;
  const also = limitsDrafts(state, { level: 'key', id: keyId, tenant: customer }, value);
  if (isRefusal(also)) return also;
  const draft = {
    type: 'KeyCreated' as const, subject: keyId, tenant: customer,
    data: {
      key: keyId, hash: sha256Hex(secret), hint: secret.slice(0, 7), team: value.team,
      name: value.name, models: value.models, providers: value.providers,
      visibility: value.visibility, metadata: value.metadata,
      expires_at_ms: value.expires_at === null ? null : value.expires_at * 1000, origin,
    },
  };
  return { id: keyId, draft, also, once: { value: secret } };
}

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
  customers, teams, keys, limits, providers, routes, prices,
};

function found(value: (object & { origin: 'file' | 'api' | 'system' }) | undefined) {
  return value === undefined ? null : { view: value, origin: value.origin };
}

function withLimits(
  state: GovernanceState, one: Found | null, level: 'customer' | 'team', wanted: string,
): Found | null {
  if (one === null) return null;
  return { ...one, view: { ...one.view, ...limitsOfEntity(state, level, wanted) } };
}

function absent(what: string, which: string): HttpRefusal {
  return refusal(400, 'invalid_value', `There is no ${what} "${which}".`, { param: what });
}
