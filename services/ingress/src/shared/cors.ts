// Lets browsers of configured origins call the API; off unless origins are configured.
import { type FastifyInstance } from 'fastify';
import { type Edge } from './edge';
import { rateHeaderNames } from './rate-headers';

const exposed = [
  'holdfast-job-id', 'x-request-id', 'request-id', 'holdfast-provider', 'holdfast-model',
  'holdfast-attempts', 'holdfast-cost-usd', 'holdfast-dropped-params', 'holdfast-masked',
  'idempotent-replayed',
  'retry-after', 'x-should-retry', 'location', ...rateHeaderNames,
].join(', ');

export function allowOrigins(server: FastifyInstance, edge: Edge): void {
  const origins = new Set(edge.settings.HOLDFAST_CORS_ORIGINS);
  if (origins.size === 0) return;
  server.addHook('onRequest', (request, reply, done) => {
    const { origin } = request.headers;
    if (origin === undefined || !(origins.has(origin) || origins.has('*'))) { done(); return; }
    void reply.headers({
      'access-control-allow-origin': origin,
      vary: 'Origin',
      'access-control-expose-headers': exposed,
    });
    if (request.method !== 'OPTIONS') { done(); return; }
    void reply.code(204).headers({
      'access-control-allow-methods': 'GET, POST, PUT, PATCH, DELETE',
      'access-control-allow-headers': request.headers['access-control-request-headers'] ?? '*',
      // A day: what browsers take at most.
      'access-control-max-age': '86400',
    }).send();
  });
}
