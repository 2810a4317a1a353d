// GET /admin/v1/whoami: whom the log would name, and what their role may do.
import { type AdminRole } from '@libs/events/access-events';
import { type Actor } from '../shared/actor';

const may: Readonly<Record<AdminRole, string>> = {
  owner: 'everything',
  operator: 'everything but administrators, logins and what cannot be taken back',
  auditor: 'read: GET under /admin/v1, and /audit/v1; content with an event that says so',
};

export function whoAmI({ id, role, via, email, issuer, expiresAtMs }: Actor): object {
  return {
    object: 'administrator', id, role, via, email: email ?? null, issuer: issuer ?? null,
    expires_at: typeof expiresAtMs === 'number' ? Math.floor(expiresAtMs / 1000) : null,
    may: may[role],
  };
}
