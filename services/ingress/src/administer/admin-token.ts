// A controller's own look at who acts: a path that was not recognised as one of administration, and
// so has nobody, is closed.
import { type FastifyRequest } from 'fastify';
import { type ActingRequest } from '../shared/actor';
import { type Edge } from '../shared/edge';
import { type HttpRefusal, refusal } from '../shared/refusal';

export function mayAdminister(edge: Edge, request: FastifyRequest): HttpRefusal | null {
  if ((request as ActingRequest).actor !== null) return null;
  edge.denials.note({
    source: request.ip, key: null, tenant: 'system', reason: 'missing_admin_token',
  });
  return refusal(401, 'missing_admin_token', 'Administration takes the token of an administrator.');
}
