// Facts about who may administer: named administrators, and whose logins are taken.
import { z } from 'zod';
import { adminRole } from './access-events';
import { origin, secretRef } from './governance-events';

/** Somebody who may administer, with the token they show. */
export const administratorSet = z.object({
  administrator: z.string(),
  name: z.string().nullable(),
  role: adminRole,
  /** SHA-256 of the token, hex. */
  hash: z.string(),
  /** First characters, for people. */
  hint: z.string(),
  expires_at_ms: z.number().int().nullable(),
  /** The token before a rotation, which is still taken until then. */
  former: z.object({ hash: z.string(), until_ms: z.number().int() }).optional(),
  origin,
});
export const administratorRemoved = z.object({
  administrator: z.string(), reason: z.string(), origin,
});

/** Whose logins are taken for administration, and which of their claims make which role. */
export const oidcConfigured = z.object({
  /** Exactly as it stands in `iss`. */
  issuer: z.string(),
  /** What must stand in `aud`. */
  audience: z.string(),
  /** For logins in a browser; null: tokens only. */
  client_id: z.string().nullable(),
  client_secret: secretRef.nullable(),
  /** Name of the claim; else a path with dots. */
  roles_claim: z.string(),
  /** Role by value of the claim. */
  roles: z.record(z.string(), adminRole),
  scopes: z.string(),
  origin,
});
export type OidcConfig = z.infer<typeof oidcConfigured>;
export const oidcRemoved = z.object({ issuer: z.string(), origin });
