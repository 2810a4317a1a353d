// Which role an act of administration or audit needs.
import { type AdminRole } from '@libs/events/access-events';

export interface Route {
  readonly method: string;
  /** As it was registered, e.g. `/admin/v1/:entity/*`; undefined where there is none. */
  readonly pattern: string | undefined;
  /** As it was asked for. */
  readonly url: string;
  readonly entity: string | undefined;
}

/** Without a token: they lead to one, or say that there is none any more. */
const open = new Set(['/admin/v1/login', '/admin/v1/callback', '/admin/v1/logout']);
/** Who may administer, and what cannot be taken back. */
const ofOwners = /^(administrators|oidc|erase|erasures|subjects)\b/;

/** null: anybody may ask. */
export function roleNeeded({ method, pattern, url, entity }: Route): AdminRole | null {
  // The router decodes a path before it looks for it, so the text of the URL alone tells nothing.
  if (!isOurs(url) && !isOurs(pattern ?? '')) return null;
  if (pattern !== undefined && open.has(pattern)) return null;
  // Questions to audit change nothing, by whatever method.
  if (method === 'GET' || method === 'HEAD' || pattern?.startsWith('/audit/') === true) {
    return 'auditor';
  }
  const what = entity ?? (pattern ?? '').replace(/^\/admin\/v1\//, '');
  return ofOwners.test(what) ? 'owner' : 'operator';
}

/** Asked of every request: cheap, and rather too much than too little. */
function isOurs(path: string): boolean {
  return path.startsWith('/admin') || path.startsWith('/audit');
}
