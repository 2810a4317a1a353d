// GET /v1/jobs/{id}/stream: joins a job's stream, from the start or after `Last-Event-ID`. The
// first part of an event's id names the attempt (or `result`); what follows such an id is the rest
// of the same stream, or an error event `stream_broken` when there is no rest to be had.
import { type FastifyReply, type FastifyRequest } from 'fastify';
import { isEndpoint, surfaceOf } from '@libs/surfaces/surface';
import { type Edge } from '../shared/edge';
import { JobFollow } from '../shared/follow-job';
import { type FoundJob } from '../shared/job-views';
import { pollDeltas } from '../shared/poll-deltas';
import { type HttpRefusal, isRefusal } from '../shared/refusal';
import { badHeader } from '../shared/request-options';
import { jobHeaders, printable, sendOutcome, sendRefusal } from '../shared/respond';
import { SseWriter } from '../shared/sse-writer';
import { StreamSession } from '../shared/stream-session';
import { ratesKnown } from '../shared/tell-rates';

export async function attachStream(
  edge: Edge, found: FoundJob, request: FastifyRequest, reply: FastifyReply,
): Promise<void> {
  const { endpoint } = found.view;
  const known = typeof endpoint === 'string' && isEndpoint(endpoint)
    ? endpoint
    : '/v1/chat/completions';
  const surface = surfaceOf(known);
  const from = lastEventId(request.headers['last-event-id']);
  if (isRefusal(from)) { sendRefusal(reply, surface, from); return; }
  const refused = edge.admission.enter();
  if (refused !== null) { sendRefusal(reply, surface, refused); return; }
  const follow: JobFollow = new JobFollow(
    edge.waiters,
    { job: found.id, partition: edge.partitionOf(found.tenant) },
    {
      onDelta: (delta) => session.accept(delta),
      onBroken: (broken) => session.broken(broken),
    },
  );
  const session = new StreamSession({
    signals: edge.signals,
    surface,
    endpoint: known,
    includeUsage: true,
    writer: new SseWriter(reply, edge.streams),
    job: () => found.id,
    headers: ({ provider, model }) => ({
      ...jobHeaders(found.id), ...ratesKnown(edge, request),
      ...(provider === undefined ? {} : { 'holdfast-provider': printable(provider) }),
      ...(model === undefined ? {} : { 'holdfast-model': printable(model) }),
    }),
    from,
  });
  void follow.end.then(session.end);
  edge.waiters.ask(found.id);
  const stopPolling = pollDeltas(session);
  reply.raw.once('close', () => session.abort());
  try {
    const plain = await session.done;
    if (plain === null) return;
    if (isRefusal(plain)) sendRefusal(reply, surface, plain);
    else sendOutcome(reply, surface, plain, { replayed: false });
  } finally {
    stopPolling();
    follow.stop();
    edge.admission.leave();
  }
}

function lastEventId(
  value: string | string[] | undefined,
): { attempt: string; index: number } | null | HttpRefusal {
  if (value === undefined || value === '') return null;
  const match = typeof value === 'string' ? /^([A-Za-z0-9_-]{1,64}):(\d{1,9})$/.exec(value) : null;
  if (match === null) return badHeader('Last-Event-ID', 'must be an event id of this stream');
  return { attempt: match[1] ?? '', index: Number(match[2]) };
}
