// Who acts on a path of administration or audit, as it goes into the log.
import { type FastifyRequest } from 'fastify';
import { type Catalogue } from '@libs/events/catalogue';
import { type AdminRole } from '@libs/events/access-events';

export interface Actor {
  /** `admin` with the root token, the id of an administrator, or `oidc:<subject>`. */
  readonly id: string;
  readonly role: AdminRole;
  readonly via: NonNullable<Catalogue['AdminActed']['via']>;
  /** Network address. */
  readonly source: string;
  readonly email?: string;
  readonly issuer?: string;
}

/** The holder of HOLDFAST_ADMIN_TOKEN: may do everything, and is there before anybody is named. */
export function rootActor(request: FastifyRequest): Actor {
  return { id: 'admin', role: 'owner', via: 'root_token', source: request.ip };
}

/** The fields of an event that say who. */
export function whoOf({ id, ...rest }: Actor) {
  return { actor: id, ...rest };
}

/** Of a request that `mayAdminister` has let pass. */
export function actorOf(request: FastifyRequest): Actor {
  return rootActor(request);
}
