// Virtual keys in administration: made with a value that is shown once, changed without it.
import { randomBytes } from 'node:crypto';
import { z } from 'zod';
import { formatKey, hintLetters, keyBytes } from '@libs/governance/key-format';
import { type GovernanceState, systemTenant, type VirtualKey } from '@libs/governance/state';
import { sha256Hex } from '@libs/log/content';
import { buildDenials, metadata, without } from '@libs/settings/access-shape';
import { type HttpRefusal, isRefusal, refusal } from '../shared/refusal';
import { absent, accessBody, checkFields, rulesAsBody } from './access-bodies';
import { accessDrafts } from './access-drafts';
import {
  type Body, type EntityKind, entityId, entityName, type Found, type Made, type MakeContext,
} from './entity-kind';
import { keyView } from './key-view';
import { limitsOfEntity } from './limits-kind';

const keyBody = z.object({
  id: entityId.optional(),
  customer: entityId.optional(),
  team: entityId.nullable().default(null),
  name: entityName,
  visibility: z.enum(['key', 'team', 'customer']).default('team'),
  /** Seconds since the epoch, or a date. */
  expires_at: z.union([
    z.number().int().positive(), z.iso.date(), z.iso.datetime({ offset: true }),
  ], { error: 'takes seconds since the epoch or a date, e.g. 2030-01-31' }).nullable().default(null),
  ...accessBody,
  metadata: metadata.default({}),
});

export const keys: EntityKind = {
  list: (state, nowMs) => [...state.keys.values()].map((key) => view(state, key, nowMs)),
  find: (state, wanted, nowMs): Found | null => {
    const key = state.keys.get(wanted);
    if (key === undefined) return null;
    return { view: view(state, key, nowMs), origin: key.created.origin, gone: key.revoked };
  },
  make: makeKey,
  changeable: true,
  base: (state, wanted): Body | null => {
    const key = state.keys.get(wanted);
    if (key === undefined) return null;
    const { team, name, visibility, expires_at_ms: expiresAtMs } = key.created;
    return {
      team, customer: key.tenant, name, visibility, ...rulesAsBody(key.created),
      expires_at: expiresAtMs === null ? null : new Date(expiresAtMs).toISOString(),
    };
  },
  idFields: (wanted) => ({ id: wanted }),
  remove: (state, wanted) => ({
    type: 'KeyRevoked', subject: wanted, tenant: state.keys.get(wanted)?.tenant ?? systemTenant,
    data: { key: wanted, reason: 'revoked by an administrator', origin: 'api' },
  }),
};

/** A new value: what is shown once, and what is kept of it. */
export function newKeyValue(): { value: string; hash: string; hint: string } {
  const value = formatKey(randomBytes(keyBytes));
  return { value, hash: sha256Hex(value), hint: value.slice(0, hintLetters) };
}

function makeKey(body: Body, context: MakeContext): Made | HttpRefusal {
  const { state, nowMs, changes } = context;
  const value = checkFields(body, keyBody);
  if (isRefusal(value)) return value;
  const present = changes === undefined ? undefined : state.keys.get(changes);
  const owner = ownerOf(state, value);
  if (isRefusal(owner)) return owner;
  const { tenant } = owner;
  if (present !== undefined && present.tenant !== tenant) {
    return refusal(400, 'invalid_value',
      `A key stays with its customer (${present.tenant}); make another one.`, { param: 'customer' });
  }
  const expiresAtMs = expiryMs(value.expires_at);
  const isNew = expiresAtMs !== (present?.created.expires_at_ms ?? null);
  if (expiresAtMs !== null && isNew && expiresAtMs <= nowMs) {
    return refusal(400, 'invalid_value', 'expires_at: is in the past.', { param: 'expires_at' });
  }
  const id = value.id ?? `key_${randomBytes(8).toString('hex')}`;
  const also = accessDrafts(context, { level: 'key', id, tenant }, value, value.team);
  if (isRefusal(also)) return also;
  const data = {
    key: id, team: value.team, name: value.name,
    models: without(value.models), providers: without(value.providers),
    visibility: value.visibility, metadata: value.metadata, expires_at_ms: expiresAtMs,
    ...buildDenials(value), origin: 'api' as const,
  };
  const draft = { subject: id, tenant };
  if (present !== undefined) return { id, draft: { ...draft, type: 'KeyChanged', data }, also };
  const { value: secret, hash, hint } = newKeyValue();
  return {
    id, draft: { ...draft, type: 'KeyCreated', data: { ...data, hash, hint } }, also,
    once: { value: secret },
  };
}

function ownerOf(
  state: GovernanceState, value: z.output<typeof keyBody>,
): { tenant: string } | HttpRefusal {
  const team = value.team === null ? undefined : state.teams.get(value.team);
  if (value.team !== null && team === undefined) return absent('team', value.team);
  const tenant = value.customer ?? team?.customer ?? 'default';
  if (!state.customers.has(tenant)) return absent('customer', tenant);
  if (team !== undefined && team.customer !== tenant) {
    return refusal(400, 'invalid_value', `team ${team.team} belongs to ${team.customer}.`);
  }
  return { tenant };
}

function expiryMs(value: string | number | null): number | null {
  if (value === null) return null;
  return typeof value === 'number' ? value * 1000 : Date.parse(value);
}

function view(state: GovernanceState, key: VirtualKey, nowMs: number): object {
  return { ...keyView(state, key, nowMs), ...limitsOfEntity(state, 'key', key.id) };
}
