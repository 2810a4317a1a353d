// Administrators and logins in administration. A token is made here, shown once and kept as a hash.
import { randomBytes } from 'node:crypto';
import { z } from 'zod';
import { adminRole } from '@libs/events/access-events';
import { oidcRemoved } from '@libs/governance/apply-administrators';
import { type Administrator, type GovernanceState, systemTenant } from '@libs/governance/state';
import { sha256Hex } from '@libs/log/content';
import { administrator, buildOidc, oidcFields } from '@libs/settings/administrators-shape';
import { checkShape } from '../shared/read-json';
import { type HttpRefusal, isRefusal, refusal } from '../shared/refusal';
import { type Body, type EntityKind, type Made, type MakeContext } from './entity-kind';

const origin = 'api' as const;
/** Recognised by people and by scanners for lost secrets. */
const tokenPrefix = 'hfa_';
/** 256 bit: not to be guessed, also by who has its hash. */
const tokenBytes = 32;
const hintLetters = 8;
/** A week is enough to take a new token to where the former one is. */
const overlapMaxS = 7 * 24 * 3600;

/** Seconds since the epoch, or a date, as at keys. */
const end = z.union([
  z.number().int().positive(), z.iso.date(), z.iso.datetime({ offset: true }),
], { error: 'takes seconds since the epoch or a date, e.g. 2030-01-31' }).nullable().optional();

const body = z.strictObject({
  id: administrator.shape.id,
  name: z.string().max(200).nullable().optional(),
  role: adminRole.optional(),
  expires_at: end,
});

export const administrators: EntityKind = {
  list: (state) => [...state.administrators.values()].map(administratorView),
  find: (state, wanted) => {
    const found = state.administrators.get(wanted);
    if (found === undefined) return null;
    return { view: administratorView(found), origin: found.set.origin, gone: found.revoked };
  },
  make,
  changeable: true,
  idFields: (wanted) => ({ id: wanted }),
  remove: (_state, wanted) => ({
    type: 'AdministratorRemoved', subject: wanted, tenant: systemTenant,
    data: { administrator: wanted, reason: 'revoked by an administrator', origin },
  }),
  // A lost token is stopped at once, whoever named its holder; the file does not bring it back.
  removedThoughOfFile: true,
};

/** Fields that are not named stay as they are; somebody new, or back, is given a token. */
function make(
  given: Body, { state, nowMs }: Pick<MakeContext, 'state' | 'nowMs'>,
): Made | HttpRefusal {
  const value = checkShape(given, body);
  if (isRefusal(value)) return value;
  const now = present(state, value.id);
  const role = value.role ?? now?.set.role;
  if (role === undefined) {
    return refusal(400, 'invalid_value', `role: ${adminRole.options.join(', ')}.`, { param: 'role' });
  }
  const token = now === null ? newToken() : null;
  const endMs = endOf(value.expires_at, now);
  if (token !== null && isOver(endMs, nowMs)) return over;
  const data = {
    administrator: value.id,
    name: value.name === undefined ? now?.set.name ?? null : value.name,
    role,
    hash: now?.set.hash ?? '', hint: now?.set.hint ?? '',
    ...(now?.set.former === undefined ? {} : { former: now.set.former }),
    ...(token === null ? {} : token.kept),
    expires_at_ms: endMs,
    origin,
  };
  return {
    id: value.id,
    draft: { type: 'AdministratorSet', subject: value.id, tenant: systemTenant, data },
    ...(token === null ? {} : { once: { token: token.value } }),
  };
}

export const rotationBody = z.strictObject({
  /** How long the former token is still taken. */
  overlap_s: z.number().int().min(0).max(overlapMaxS).default(0),
  /** Absent: as before. */
  expires_at: end,
});

/** A new token in place of the present one. */
export function rotated(
  state: GovernanceState, id: string, order: z.infer<typeof rotationBody>, nowMs: number,
): Made | HttpRefusal {
  const now = present(state, id);
  if (now === null) return refusal(404, 'not_found', `There is no administrator "${id}".`);
  if (now.set.origin === 'file') {
    return refusal(409, 'owned_by_file',
      `administrators/${id} comes from the configuration file; change the token there and apply it.`);
  }
  const endMs = endOf(order.expires_at, now);
  if (isOver(endMs, nowMs)) return over;
  const { value, kept } = newToken();
  const { overlap_s: overlapS } = order;
  const { name, role, hash } = now.set;
  const data = {
    administrator: id, name, role, ...kept, expires_at_ms: endMs,
    ...(overlapS === 0 ? {} : { former: { hash, until_ms: nowMs + overlapS * 1000 } }),
    origin,
  };
  const draft = { type: 'AdministratorSet' as const, subject: id, tenant: systemTenant, data };
  return { id, draft, once: { token: value } };
}

/** Not named: as it is. */
function endOf(given: z.infer<typeof end>, now: Administrator | null): number | null {
  if (given === undefined) return now?.set.expires_at_ms ?? null;
  if (given === null) return null;
  return typeof given === 'number' ? given * 1000 : Date.parse(given);
}

/** A token that is made to be of no use is a mistake; one that is there may be ended so. */
function isOver(endMs: number | null, nowMs: number): boolean {
  return endMs !== null && endMs <= nowMs;
}
const over = refusal(400, 'invalid_value',
  'expires_at: is in the past; name a later end for the new token.', { param: 'expires_at' });

function present(state: GovernanceState, id: string): Administrator | null {
  const found = state.administrators.get(id);
  return found === undefined || found.revoked ? null : found;
}

function newToken(): { value: string; kept: { hash: string; hint: string } } {
  const value = `${tokenPrefix}${randomBytes(tokenBytes).toString('base64url')}`;
  return { value, kept: { hash: sha256Hex(value), hint: `${value.slice(0, hintLetters)}…` } };
}

/** Without hashes: they are no secret, and of no use to anybody either. */
export function administratorView({ id, set, revoked }: Administrator): object {
  const { name, role, hint, expires_at_ms: expiresAtMs, former, origin: of } = set;
  return {
    id, object: 'administrator', name, role, hint, revoked, origin: of,
    expires_at: seconds(expiresAtMs),
    former_token_until: former === undefined ? null : seconds(former.until_ms),
  };
}

export const oidc: EntityKind = {
  list: (state) => state.oidc === null ? [] : [state.oidc],
  find: (state, wanted) => state.oidc === null || wanted !== oidcId
    ? null : { view: state.oidc, origin: state.oidc.origin },
  make: (given) => {
    const value = checkShape(given, oidcFields);
    if (isRefusal(value)) return value;
    const { client_secret: secret = null } = value;
    if (secret !== null && !/^(env:[A-Za-z_]\w*|file:\/.+)$/.test(secret)) {
      return refusal(400, 'invalid_value',
        'client_secret: env:NAME or file:/path, never the secret itself.');
    }
    const data = { ...buildOidc(value, secret), origin };
    const draft = {
      type: 'OidcConfigured' as const, subject: oidcId, tenant: systemTenant, data,
    };
    return { id: oidcId, draft };
  },
  changeable: true,
  idFields: () => ({}),
  remove: (state) => oidcRemoved(state.oidc?.issuer ?? '', origin),
};

/** There is one. */
const oidcId = 'issuer';

function seconds(ms: number | null): number | null {
  return ms === null ? null : Math.floor(ms / 1000);
}
