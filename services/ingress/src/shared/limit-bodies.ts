// Before a large body is read: who sends it, and whether there is room for it now. Small ones pass
// without a thought; they are bounded by the number of requests.
import { type FastifyInstance, type FastifyRequest } from 'fastify';
import { type ActingRequest } from './actor';
import { type BodyHold } from './body-room';
import { type Edge } from './edge';
import { surfaceOfPath } from './paths';
import { type HttpRefusal, isRefusal, refusal } from './refusal';
import { sendRefusal } from './respond';

/** A body of the usual kind; 5,000 waiting requests with this much are 320 MiB. */
const smallBytes = 64 * 1024;

type HoldingRequest = FastifyRequest & { bodyHold: BodyHold | null };

/** Bodies stay bytes: they are parsed once, by whoever wants them. Refused ones are not kept. */
export function limitBodies(server: FastifyInstance, edge: Edge): void {
  const { HOLDFAST_BODY_MAX_BYTES: bytesMax } = edge.settings;
  server.decorateRequest('bodyHold', null);
  server.removeAllContentTypeParsers();
  server.addContentTypeParser('*', { parseAs: 'buffer' }, (request, body, done) => {
    const { bodyHold } = request as HoldingRequest;
    // One that came in chunks may be smaller than was feared.
    if (bodyHold !== null) bodyHold.keep(body.length > smallBytes ? body.length : 0);
    done(null, body);
  });
  server.addHook('onRequest', (request, reply, done) => {
    const bytes = bodyBytes(request, bytesMax);
    if (bytes <= Math.min(smallBytes, bytesMax)) { done(); return; }
    // The parser would say so, too, and cut the connection before its client has read why.
    const hold = bytes > bytesMax ? tooLarge(bytesMax) : holdFor(edge, request, bytes);
    if (isRefusal(hold)) {
      sendRefusal(reply, surfaceOfPath(request.url, request.headers), hold); return;
    }
    (request as HoldingRequest).bodyHold = hold;
    giveBackWithEither(reply.raw, request.raw.socket, hold);
    done();
  });
}

export function tooLarge(bytesMax: number): HttpRefusal {
  return refusal(413, 'request_too_large', `The body is larger than ${bytesMax} bytes.`);
}

/** What it says of itself; a body that comes in chunks may be of any size. */
function bodyBytes({ headers }: FastifyRequest, bytesMax: number): number {
  const { 'content-length': length, 'transfer-encoding': encoding } = headers;
  if (length !== undefined) return Number(length);
  return encoding === undefined ? 0 : bytesMax;
}

function holdFor(edge: Edge, request: FastifyRequest, bytes: number): BodyHold | HttpRefusal {
  // Strangers get no memory. Administrators were looked at before.
  if ((request as ActingRequest).actor === null) {
    const key = edge.authenticate(request);
    if (isRefusal(key)) return key;
  }
  const hold = edge.bodies.take(bytes);
  if (hold !== null) return hold;
  edge.metrics.happened('no_room_for_body');
  return refusal(429, 'queue_full', 'Too many large requests are under way here; try again shortly.',
    { retryAfterS: 1, shouldRetry: true });
}

interface Closing {
  readonly destroyed: boolean;
  once(event: 'close', listener: () => void): unknown;
  off(event: 'close', listener: () => void): unknown;
}

/** An answer that waits behind another of its connection does not hear that the client is gone. */
function giveBackWithEither(answer: Closing, connection: Closing, hold: BodyHold): void {
  const end = (): void => {
    answer.off('close', end);
    connection.off('close', end);
    hold.keep(0);
  };
  // Gone already, while it was found out who asks.
  if (answer.destroyed || connection.destroyed) { end(); return; }
  answer.once('close', end);
  connection.once('close', end);
}
