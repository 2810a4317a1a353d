// In front of administration and audit: nobody's body is read, and no memory is given to it, before
// it is known who sends it and that their role reaches.
import { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import { type AdminRole } from '@libs/events/access-events';
import { reaches } from '@libs/governance/administrators';
import { type ActingRequest, type Actor } from './actor';
import { type Edge } from './edge';
import { identify } from './identify';
import { type HttpRefusal, isRefusal, refusal } from './refusal';
import { refusalOfError, sendRefusal } from './respond';
import { roleNeeded } from './role-needed';

export function identifyAdministrators(server: FastifyInstance, edge: Edge): void {
  server.decorateRequest('actor', null);
  server.addHook('onRequest', (request, reply, done) => {
    const { entity } = request.params as { readonly entity?: string } | null ?? {};
    const { routeOptions: { url: pattern }, method, url } = request;
    const needed = roleNeeded({ method, pattern, url, entity });
    if (needed === null) { done(); return; }
    admit(edge, request, needed).then((admitted) => {
      if (isRefusal(admitted)) { refuse(reply, admitted); return; }
      (request as ActingRequest).actor = admitted;
      done();
    }, (error: unknown) => refuse(reply, refusalOfError(error, edge.logger)));
  });
}

async function admit(
  edge: Edge, request: FastifyRequest, needed: AdminRole,
): Promise<Actor | HttpRefusal> {
  const about = { source: request.ip, key: null, tenant: 'system' };
  const actor = await identify(edge, request, needed);
  if (isRefusal(actor)) {
    edge.denials.note({ ...about, reason: actor.code });
    return actor;
  }
  if (reaches(actor.role, needed)) return actor;
  edge.denials.note({ ...about, reason: 'role_too_low', administrator: actor.id });
  return roleTooLow(actor, needed);
}

export function roleTooLow({ id, email, role }: Actor, needed: AdminRole): HttpRefusal {
  return refusal(403, 'role_too_low',
    `This needs the role ${needed}${needed === 'owner' ? '' : ' or above'}; ${email ?? id} is ${role}.`);
}

function refuse(reply: FastifyReply, refused: HttpRefusal): void {
  sendRefusal(reply, 'openai', refused);
}
