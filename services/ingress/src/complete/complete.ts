// The inference endpoints: one request in, one durable job, one answer out (sync or streamed).
import { type FastifyReply, type FastifyRequest } from 'fastify';
import { type Endpoint, surfaceOf } from '@libs/surfaces/surface';
import { type Edge } from '../shared/edge';
import { JobFollow } from '../shared/follow-job';
import { readRequest } from '../shared/read-request';
import { isRefusal } from '../shared/refusal';
import {
  refusalOfError, sayMasked, sendOutcome, sendRefusal, tellClamped,
} from '../shared/respond';
import { type Submission } from '../shared/submission';
import { answerAsync, prepareSubmission } from '../shared/submit';
import { answerStream } from './answer-stream';
import { type Call, leaveJob, noteRates } from './call';

export async function complete(
  edge: Edge, endpoint: Endpoint, request: FastifyRequest, reply: FastifyReply,
): Promise<void> {
  const surface = surfaceOf(endpoint);
  try {
    const asked = readRequest(edge, endpoint, request);
    if (isRefusal(asked)) { sendRefusal(reply, surface, asked); return; }
    sayMasked(reply, asked);
    tellClamped(reply, asked.clamped);
    const { options, inspection } = asked;
    // A stream answers as soon as there is content, so `wait=N` has nothing to say about it.
    if (options.respondAsync || (options.waitS !== null && !inspection.stream)) {
      await answerAsync(edge, asked, { mode: 'async', surface }, reply); return;
    }
    await answerWaiting({ edge, surface, asked, reply }); return;
  } catch (error) {
    sendRefusal(reply, surface, refusalOfError(error, edge.logger)); return;
  }
}

async function answerWaiting(call: Call): Promise<void> {
  const { edge, surface, asked, reply } = call;
  const refused = edge.admission.enter();
  if (refused !== null) { sendRefusal(reply, surface, refused); return; }
  try {
    const mode = asked.inspection.stream ? 'stream' : 'sync';
    const submission = await prepareSubmission(edge, asked, { mode });
    if (isRefusal(submission)) { sendRefusal(reply, surface, submission); return; }
    if (mode === 'stream') await answerStream(call, submission);
    else await answerSync(call, submission);
  } finally {
    edge.admission.leave();
  }
}

async function answerSync(call: Call, submission: Submission): Promise<void> {
  const { edge, surface, asked, reply } = call;
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
    if (isRefusal(end)) { sendRefusal(reply, surface, end); return; }
    noteRates(edge, asked, end, follow);
    sendOutcome(reply, surface, end, follow); return;
  } finally {
    reply.raw.off('close', onClose);
    follow.stop();
  }
}
