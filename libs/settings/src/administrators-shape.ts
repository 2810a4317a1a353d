// The fields that say who may administer: administrators, and whose logins are taken. The latter are
// the same in holdfast.yaml and in the API, with the same checks.
import { z } from 'zod';
import { adminRole } from '@libs/events/access-events';
import { type OidcConfig } from '@libs/events/administrator-events';

/** The actor of the root token; nobody else may be called so. */
export const rootName = 'admin';

export const administrator = z.strictObject({
  id: z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/, {
    error: 'use letters, digits, ".", "_" and "-", up to 64',
  }).refine((value) => value !== rootName, {
    error: `"${rootName}" is the holder of HOLDFAST_ADMIN_TOKEN; choose another id`,
  }),
  name: z.string().max(200).optional(),
  role: adminRole,
  token: z.string().min(1).describe(
    'A whole ${NAME}, env:NAME or file:/path. Never the token itself.',
  ),
  expires_at: z.string().refine((value) => !Number.isNaN(Date.parse(value)), {
    error: 'write a date, e.g. 2030-01-31 or 2030-01-31T12:00:00Z',
  }).optional(),
});
export type AdministratorYaml = z.output<typeof administrator>;

const issuer = z.url({ protocol: /^https?$/ }).refine(isSafe, {
  error: 'use https (http only for this machine)',
});

export const oidcFields = z.strictObject({
  issuer,
  /** What its tokens must be made for; the client id when absent. */
  audience: z.string().min(1).optional(),
  client_id: z.string().min(1).optional(),
  roles_claim: z.string().min(1).optional(),
  roles: z.record(z.string().min(1), adminRole).refine((roles) => Object.keys(roles).length > 0, {
    error: 'name at least one value of the roles claim and its role',
  }),
  client_secret: z.string().min(1).describe(
    'A whole ${NAME}, env:NAME or file:/path. Never the secret itself.',
  ).optional(),
  scopes: z.string().regex(/^openid( \S+)*$/, { error: 'begin with "openid"' }).optional(),
}).refine(({ audience, client_id: client }) => audience !== undefined || client !== undefined, {
  error: 'name the audience (or the client_id) that tokens must be made for',
});

export type OidcFields = z.output<typeof oidcFields>;

export function buildOidc(
  fields: OidcFields, clientSecret: string | null,
): Omit<OidcConfig, 'origin'> {
  const { issuer: url, audience, client_id: client = null, roles_claim: claim } = fields;
  return {
    issuer: url,
    audience: audience ?? client ?? '',
    client_id: client,
    client_secret: clientSecret,
    roles_claim: claim ?? 'roles',
    roles: fields.roles,
    scopes: fields.scopes ?? 'openid email',
  };
}

/** Whoever can change an answer of the issuer on its way can make administrators. */
function isSafe(url: string): boolean {
  const { protocol, hostname } = new URL(url);
  return protocol === 'https:' || /^(localhost|127(\.\d+){3}|\[::1\])$/.test(hostname);
}
