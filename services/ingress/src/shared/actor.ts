// Who acts on a path of administration or audit: found before the body of the request is read, kept
// with the request, and written into the log with what was done.
import { type FastifyRequest } from 'fastify';
import { type AdminRole } from '@libs/events/access-events';
import { type Catalogue } from '@libs/events/catalogue';
import { rootName } from '@libs/settings/administrators-shape';

export interface Actor {
  /** `admin` with the root token, the id of an administrator, or `oidc:<subject>`. */
  readonly id: string;
  readonly role: AdminRole;
  readonly via: NonNullable<Catalogue['AdminActed']['via']>;
  /** Network address. */
  readonly source: string;
  readonly email?: string;
  readonly issuer?: string;
  /** When what they showed ends. */
  readonly expiresAtMs?: number | null;
}

export type ActingRequest = FastifyRequest & { actor: Actor | null };

/** The holder of HOLDFAST_ADMIN_TOKEN: may do everything, and is there before anybody is named. */
export function rootActor(request: FastifyRequest): Actor {
  return { id: rootName, role: 'owner', via: 'root_token', source: request.ip };
}

/** The fields of an event that say who. */
export function whoOf({ id, role, via, source, email, issuer }: Actor) {
  return {
    actor: id, role, via, source,
    ...(email === undefined ? {} : { email }), ...(issuer === undefined ? {} : { issuer }),
  };
}

/** Of a request that `mayAdminister` has let pass. */
export function actorOf(request: FastifyRequest): Actor {
  const { actor } = request as ActingRequest;
  if (actor === null) throw new Error(`nobody was found to act on ${request.method} ${request.url}`);
  return actor;
}
