// The HTTP server: Fastify with raw bodies, the inference routes on it directly, everything else as
// Nest controllers, whose hooks every request of theirs passes.
import { fastify, type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import { type Endpoint, endpoints } from '@libs/surfaces/surface';
import { complete } from './complete/complete';
import { allowOrigins } from './shared/cors';
import { type Edge } from './shared/edge';
import { identifyAdministrators } from './shared/identify-administrators';
import { limitBodies, tooLarge } from './shared/limit-bodies';
import { prefixes, surfaceOfPath } from './shared/paths';
import { refusal } from './shared/refusal';
import { refusalOfError, sendRefusal } from './shared/respond';
import { tellRates } from './shared/tell-rates';

/** A request, its body included, has come in by then; Node's own limit, which Fastify lifts. */
const requestMsMax = 300_000;

export async function createHttpServer(edge: Edge): Promise<FastifyInstance> {
  const { settings } = edge;
  const server = fastify({
    bodyLimit: settings.HOLDFAST_BODY_MAX_BYTES,
    trustProxy: settings.HOLDFAST_TRUST_PROXY,
    // While draining, requests on kept-alive connections are still served.
    return503OnClosing: false,
    requestTimeout: requestMsMax,
    logger: false,
  });
  server.decorateRequest('startedAt', 0);
  // Hooks of the whole server are those of these routes, too.
  countRequests(server, edge);
  tellRates(server, edge);
  allowOrigins(server, edge);
  identifyAdministrators(server, edge);
  limitBodies(server, edge);
  // An awaited plugin of its own, loaded before Nest, with errors in the surface's own shape.
  await server.register((hot, _options, done) => {
    answerErrors(hot, edge);
    for (const endpoint of Object.keys(endpoints) as Endpoint[]) {
      for (const prefix of prefixes) {
        hot.post(`/${prefix}${endpoint.slice('/v1'.length)}`, (request, reply) => {
          void complete(edge, endpoint, request, reply);
        });
      }
    }
    done();
  });
  return server;
}

function countRequests(server: FastifyInstance, edge: Edge): void {
  server.addHook('onRequest', (request, reply, done) => {
    edge.metrics.active += 1;
    // `close` comes also when the client is gone before its answer, `onResponse` does not.
    reply.raw.once('close', () => { edge.metrics.active -= 1; });
    (request as TimedRequest).startedAt = performance.now();
    done();
  });
  server.addHook('onSend', (request, reply, payload, done) => {
    if (edge.health.phase === 'draining') reply.header('connection', 'close');
    if (!reply.hasHeader('x-request-id')) reply.header('x-request-id', request.id);
    done(null, payload);
  });
  server.addHook('onResponse', (request, reply, done) => {
    const seconds = (performance.now() - (request as TimedRequest).startedAt) / 1000;
    edge.metrics.answered(request.routeOptions.url ?? 'unknown', reply.raw.statusCode, seconds);
    done();
  });
}

type TimedRequest = FastifyRequest & { startedAt: number };

/** What goes wrong before a handler runs: too large a body, a broken request. */
function answerErrors(server: FastifyInstance, edge: Edge): void {
  server.setErrorHandler((error, request, reply) => answerError(edge, error, request, reply));
}

export function answerError(
  edge: Edge, error: unknown, request: FastifyRequest, reply: FastifyReply,
): void {
  const surface = surfaceOfPath(request.url, request.headers);
  const status = (error as { statusCode?: number } | null)?.statusCode ?? 500;
  if (status === 413) {
    sendRefusal(reply, surface, tooLarge(edge.settings.HOLDFAST_BODY_MAX_BYTES)); return;
  }
  if (status >= 400 && status < 500) {
    const { message } = error as Error;
    sendRefusal(reply, surface, refusal(status, 'invalid_request', message));
    return;
  }
  sendRefusal(reply, surface, refusalOfError(error, edge.logger));
}
