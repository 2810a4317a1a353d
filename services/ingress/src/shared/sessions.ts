// Sessions of administrators in browsers: a sealed cookie that says who logged in, with which values
// of the roles claim. The role is what these are worth now, so a changed mapping counts at once.
import { type FastifyReply, type FastifyRequest } from 'fastify';
import { z } from 'zod';
import { type OidcConfig } from '@libs/events/administrator-events';
import { type Edge } from './edge';
import { type HttpRefusal, refusal } from './refusal';

const session = z.object({
  subject: z.string(),
  email: z.string().nullable(),
  issuer: z.string(),
  values: z.array(z.string()),
  untilMs: z.number(),
});
export type Session = z.infer<typeof session>;

/** A sealed cookie cannot be called back, so it is not good for long; the issuer logs in again unasked. */
export const sessionMs = 60 * 60_000;
export const sessionCookie = 'holdfast_session';
const purpose = 'session';

/** null: there is none that is good now. */
export async function sessionOf(
  edge: Edge, request: FastifyRequest, oidc: OidcConfig | null,
): Promise<Session | null> {
  const sealed = cookieOf(request, sessionCookie);
  if (sealed === null || oidc === null) return null;
  const opened = session.safeParse(await edge.sealer.open(purpose, sealed, edge.now()));
  if (!opened.success || opened.data.issuer !== oidc.issuer) return null;
  return opened.data.untilMs > edge.now() ? opened.data : null;
}

export async function sealSession(edge: Edge, opened: Session): Promise<string> {
  return edge.sealer.seal(purpose, opened, opened.untilMs);
}

/**
 * A browser sends its cookie along with whatever page asks for it. `SameSite=Strict` keeps it back
 * for other sites; this is for what they have in common with us (another port, a sibling domain).
 */
export function crossSite(edge: Edge, request: FastifyRequest): HttpRefusal | null {
  if (request.method === 'GET' || request.method === 'HEAD') return null;
  const { origin, 'sec-fetch-site': site } = request.headers;
  const own = origin === undefined
    ? site === 'same-origin' : origin === new URL(publicUrl(edge, request)).origin;
  if (own) return null;
  return refusal(403, 'cross_site',
    'With a session, changes are taken from pages of this very address alone (Origin header).');
}

export function publicUrl(edge: Edge, request: FastifyRequest): string {
  return edge.settings.HOLDFAST_PUBLIC_URL?.replace(/\/+$/, '')
    ?? `${request.protocol}://${request.host}`;
}

export function cookieOf(request: FastifyRequest, name: string): string | null {
  for (const part of (request.headers.cookie ?? '').split(';')) {
    const [key, value] = part.trim().split('=');
    if (key === name && value !== undefined && value !== '') return value;
  }
  return null;
}

export interface Cookie {
  readonly name: string;
  readonly value: string;
  readonly path: string;
  readonly sameSite: 'Strict' | 'Lax';
  readonly maxAgeS: number;
}

/** Never for scripts; over https alone where we are reached by it. */
export function setCookie(
  edge: Edge, request: FastifyRequest, reply: FastifyReply, cookie: Cookie,
): void {
  const secure = publicUrl(edge, request).startsWith('https:') ? '; Secure' : '';
  const { name, value, path, sameSite, maxAgeS } = cookie;
  void reply.header('set-cookie',
    `${name}=${value}; Path=${path}; HttpOnly; SameSite=${sameSite}; Max-Age=${maxAgeS}${secure}`);
}
