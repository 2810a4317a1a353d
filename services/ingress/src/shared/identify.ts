// Who stands behind a request to administration or audit: the holder of the root token, a named
// administrator by their token, or a login of the configured issuer by its JWT.
import { createHash, timingSafeEqual } from 'node:crypto';
import { type FastifyRequest } from 'fastify';
import { type AdminRole } from '@libs/events/access-events';
import { type OidcConfig } from '@libs/events/administrator-events';
import {
  type AdminTokenRefusal, findAdministrator, roleOfClaims,
} from '@libs/governance/administrators';
import { claimValues } from '@libs/oidc/claims';
import { type Login, looksLikeJwt, type TokenRefusal, verifyToken } from '@libs/oidc/verify-token';
import { type Actor, rootActor } from './actor';
import { keyOf } from './authenticate';
import { type Edge } from './edge';
import { type HttpRefusal, refusal } from './refusal';
import { crossSite, sessionOf } from './sessions';

/** @throws Fault issuer_unavailable */
export async function identify(
  edge: Edge, request: FastifyRequest, needed: AdminRole,
): Promise<Actor | HttpRefusal> {
  const token = keyOf(request.headers);
  if (token === null) return ofSession(edge, request, needed);
  const hash = createHash('sha256').update(token).digest();
  if (timingSafeEqual(hash, rootHash(edge))) return rootActor(request);
  const found = findAdministrator(edge.governance.state, hash.toString('hex'), edge.now());
  if (found.ok) {
    const { id, set: { role, expires_at_ms: expiresAtMs } } = found.administrator;
    return { id, role, via: 'token', source: request.ip, expiresAtMs };
  }
  const { oidc } = edge.governance.state;
  if (found.reason !== 'invalid_admin_token' || oidc === null || !looksLikeJwt(token)) {
    return unknown(found.reason, needed);
  }
  const verified = await verifyToken(edge.issuers, token, oidc, edge.now());
  if (!verified.ok) return unknown(verified.reason, needed);
  return loggedIn(oidc, verified.login, { via: 'oidc', source: request.ip });
}

/** Without a token: a browser that has logged in. */
async function ofSession(
  edge: Edge, request: FastifyRequest, needed: AdminRole,
): Promise<Actor | HttpRefusal> {
  const { oidc } = edge.governance.state;
  const session = await sessionOf(edge, request, oidc);
  if (session === null || oidc === null) return unknown('missing_admin_token', needed);
  const { values, untilMs, ...who } = session;
  return crossSite(edge, request) ?? withRole(
    oidc, values, { ...who, expiresAtMs: untilMs }, { via: 'session', source: request.ip });
}

/** A login as an actor: its claims make its role, or it has none here. */
export function loggedIn(
  oidc: OidcConfig, login: Login, how: Pick<Actor, 'via' | 'source'>,
): Actor | HttpRefusal {
  return withRole(oidc, claimValues(login.claims, oidc.roles_claim), login, how);
}

function withRole(
  oidc: OidcConfig, values: readonly string[], login: Omit<Login, 'claims'>,
  how: Pick<Actor, 'via' | 'source'>,
): Actor | HttpRefusal {
  const role = roleOfClaims(oidc.roles, values);
  const { subject, issuer, email, expiresAtMs } = login;
  if (role === null) {
    return refusal(403, 'no_role',
      `This login (${email ?? subject}) has no role here: its claim "${oidc.roles_claim}" names `
      + 'none of those that are configured under oidc.roles.');
  }
  return {
    id: `oidc:${subject}`, role, ...how, issuer, expiresAtMs,
    ...(email === null ? {} : { email }),
  };
}

function unknown(
  reason: AdminTokenRefusal | TokenRefusal | 'missing_admin_token', needed: AdminRole,
): HttpRefusal {
  return refusal(401, reason,
    `${sentences[reason]} This takes HOLDFAST_ADMIN_TOKEN, or the token or login of an administrator `
    + `with the role ${needed}${needed === 'owner' ? '' : ' or above'}, as "Authorization: Bearer …".`);
}

const sentences: Readonly<Record<
  AdminTokenRefusal | TokenRefusal | 'missing_admin_token', string
>> = {
  missing_admin_token: 'No admin token was given.',
  invalid_admin_token: 'This admin token is not known.',
  revoked_admin_token: 'This admin token was revoked.',
  expired_admin_token: 'This admin token has expired.',
  login_expired: 'This login has expired.',
  login_not_for_us: 'This login was made for another audience.',
  login_other_issuer: 'This login is of another issuer.',
  login_wrong_algorithm: 'This login is signed with an algorithm that is not taken.',
  login_unknown_key: 'This login is signed with a key that its issuer does not publish.',
  login_invalid: 'This login is not valid.',
};

/** Equal lengths, whatever was sent. */
function rootHash(edge: Edge): Buffer {
  return createHash('sha256').update(edge.settings.HOLDFAST_ADMIN_TOKEN.reveal()).digest();
}
