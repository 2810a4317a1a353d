// Puts what is known of a key's rate limits on every answer it gets, where the answer itself does not say.
import { type FastifyInstance, type FastifyRequest } from 'fastify';
import { type AskingRequest } from './asking';
import { type Edge } from './edge';
import { surfaceOfPath } from './paths';
import { type RateHeaders, rateHeaders } from './rate-headers';

export function tellRates(server: FastifyInstance, edge: Edge): void {
  server.decorateRequest('asking', null);
  server.addHook('onSend', (request, reply, payload, done) => {
    for (const [name, value] of Object.entries(ratesKnown(edge, request))) {
      if (!reply.hasHeader(name)) reply.header(name, value);
    }
    done(null, payload);
  });
}

/** Empty where nobody is known to ask. */
export function ratesKnown(edge: Edge, request: FastifyRequest): RateHeaders {
  const { asking } = request as AskingRequest;
  if (asking === null) return {};
  const surface = surfaceOfPath(request.url, request.headers);
  return rateHeaders(surface, edge.rates.of(asking.key, asking.model), edge.now());
}
