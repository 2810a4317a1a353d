// Who asks and for what, noted on the request as soon as it is known.
import { type FastifyRequest } from 'fastify';

export type AskingRequest = FastifyRequest & { asking: Asking | null };

export interface Asking {
  readonly key: string;
  /** null: not read yet, or of no model. */
  readonly model: string | null;
}

/** The answer itself says what is left of its rate limits: nothing is to be added. */
export function noteTold(request: FastifyRequest): void {
  (request as AskingRequest).asking = null;
}

export function noteAsking(request: FastifyRequest, key: string, model: string | null): void {
  (request as AskingRequest).asking = { key, model };
}
