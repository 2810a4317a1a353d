// The inference endpoints: one request in, one durable job, one answer out (sync or streamed).
import { type FastifyReply, type FastifyRequest } from 'fastify';
import { type Endpoint, type Surface, surfaceOf } from '@libs/surfaces/surface';
import { type Edge } from '../shared/edge';
import { JobFollow } from '../shared/follow-job';
import { type Asked, readRequest } from '../shared/read-request';
import { isRefusal } from '../shared/refusal';
import { refusalOfError, sendOutcome, sendRefusal } from '../shared/respond';
import { type Submission } from '../shared/submission';
import { answerAsync, prepareSubmission } from '../shared/submit';
import { answerStream } from './answer-stream';

export interface Call {
  readonly edge: Edge;
  readonly surface: Surface;
  readonly asked: Asked;
  readonly reply: FastifyReply;
}

export async function complete(
  edge: Edge, endpoint: Endpoint, request: FastifyRequest, reply: FastifyReply,
): Promise<void> {
  const surface = surfaceOf(endpoint);
  try {
    const asked = readRequest(edge, endpoint, request);
    if (isRefusal(asked)) return sendRefusal(reply, surface, asked);
    const { options, inspection } = asked;
    // A stream answers as soon as there is content, so `wait=N` has nothing to say about it.
    if (options.respondAsync || (options.waitS !== null && !inspection.stream)) {
      return await answerAsync(edge, asked, { mode: 'async', surface }, reply);
    }
    return await answerWaiting({ edge, surface, asked, reply });
  } catch (error) {
    return sendRefusal(reply, surface, refusalOfError(error, edge.logger));
  }
}

async function answerWaiting(call: Call): Promise<void> {
  const { edge, surface, asked, reply } = call;
  const refused = edge.admission.enter();
  if (refused !== null) return sendRefusal(reply, surface, refused);
  try {
    const mode = asked.inspection.stream ? 'stream' : 'sync';
    const submission = await prepareSubmission(edge, asked, { mode });
    if (isRefusal(submission)) return sendRefusal(reply, surface, submission);
    return mode === 'stream'
      ? await answerStream(call, submission)
      : await answerSync(call, submission);
  } finally {
    edge.admission.leave();
  }
}

async function answerSync(call: Call, submission: Submission): Promise<void> {
  const { edge, surface, reply } = call;
  const partition = edge.partitionOf(submission.tenant);
  const follow = new JobFollow(edge.waiters, { job: submission.job, partition });
  // Assigned once the client is gone; the wait then ends without an answer.
  let gone: (end: null) => void = () => undefined;
  const left = new Promise<null>((resolve) => {
    gone = resolve;
  });
  const onClose = (): void => {
    if (!reply.raw.writableFinished) gone(null);
  };
  reply.raw.once('close', onClose);
  try {
    const { sequence } = await edge.appends.submit(submission);
    edge.waiters.submittedAt(submission.job, sequence);
    const end = await Promise.race([follow.end, left]);
    if (end === null) {
      leaveJob(edge, follow, submission);
      return;
    }
    if (isRefusal(end)) return sendRefusal(reply, surface, end);
    return sendOutcome(reply, surface, end, follow);
  } finally {
    reply.raw.off('close', onClose);
    follow.stop();
  }
}

/** The client is gone: its job goes with it, unless others wait for it or it asked to continue. */
export function leaveJob(edge: Edge, follow: JobFollow, submission: Submission): void {
  edge.metrics.happened('client_gone');
  const nobodyElse = follow.stop();
  if (!nobodyElse || submission.event.data.on_disconnect !== 'cancel') return;
  edge.appends.cancel({ job: follow.job, tenant: submission.tenant, by: 'disconnect' });
}
