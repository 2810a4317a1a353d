// Who may administer: the holder of the admin token, compared in constant time.
import { createHash, timingSafeEqual } from 'node:crypto';
import { type FastifyRequest } from 'fastify';
import { keyOf } from '../shared/authenticate';
import { type Edge } from '../shared/edge';
import { type HttpRefusal, refusal } from '../shared/refusal';

export function mayAdminister(edge: Edge, request: FastifyRequest): HttpRefusal | null {
  const given = keyOf(request.headers);
  const wanted = edge.settings.HOLDFAST_ADMIN_TOKEN.reveal();
  if (given !== null && timingSafeEqual(digest(given), digest(wanted))) return null;
  const reason = given === null ? 'missing_admin_token' : 'invalid_admin_token';
  edge.denials.note({ source: request.ip, key: null, tenant: 'system', reason });
  return refusal(401, reason,
    'Administration takes the admin token, as "Authorization: Bearer …".');
}

/** Equal lengths, whatever was sent. */
function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
