// A streamed answer: deltas as the worker sends them, headers with the first content, errors before
// it as plain HTTP errors.
import { JobFollow } from '../shared/follow-job';
import { isRefusal } from '../shared/refusal';
import { type Headers, jobHeaders, printable, sendOutcome, sendRefusal } from '../shared/respond';
import { SseWriter } from '../shared/sse-writer';
import { type StreamAbout, StreamSession } from '../shared/stream-session';
import { type Submission } from '../shared/submission';
import { pollDeltas } from '../shared/poll-deltas';
import { rateHeaders } from '../shared/rate-headers';
import { type Call, leaveJob, noteRates } from './call';

export async function answerStream(call: Call, submission: Submission): Promise<void> {
  const { edge, surface, asked, reply } = call;
  const writer = new SseWriter(reply, edge.streams);
  let stopPolling: () => void = () => undefined;
  const follow: JobFollow = new JobFollow(
    edge.waiters,
    { job: submission.job, partition: edge.partitionOf(submission.tenant) },
    {
      onDelta: (delta) => session.accept(delta),
      onBroken: (broken) => session.broken(broken),
      // The first job's deltas go to its first caller; this one asks for them.
      onReplayed: () => {
        stopPolling = pollDeltas(session);
      },
    },
  );
  const session = new StreamSession({
    signals: edge.signals,
    surface,
    endpoint: asked.endpoint,
    includeUsage: asked.inspection.wantsStreamUsage,
    writer,
    job: () => follow.job,
    headers: (about) => {
      noteRates(edge, asked, about, follow);
      return streamHeaders(call, follow, about);
    },
    from: null,
  });
  void follow.end.then(session.end);
  const onClose = (): void => {
    if (reply.raw.writableFinished) return;
    leaveJob(edge, follow, submission);
    session.abort();
  };
  reply.raw.once('close', onClose);
  try {
    const { sequence } = await edge.appends.submit(submission);
    edge.waiters.submittedAt(submission.job, sequence);
    const plain = await session.done;
    if (plain === null) return;
    if (isRefusal(plain)) { sendRefusal(reply, surface, plain); return; }
    noteRates(edge, asked, plain, follow);
    sendOutcome(reply, surface, plain, follow); return;
  } finally {
    stopPolling();
    reply.raw.off('close', onClose);
    follow.stop();
  }
}

function streamHeaders(
  { edge, surface, asked }: Call, follow: JobFollow, about: StreamAbout,
): Headers {
  const own = follow.replayed ? undefined : about.rates;
  const rates = own ?? edge.rates.of(asked.key.id, asked.inspection.model);
  const headers: Headers = {
    ...jobHeaders(follow.job), ...rateHeaders(surface, rates, edge.now()),
  };
  if (about.provider !== undefined) headers['holdfast-provider'] = printable(about.provider);
  if (about.model !== undefined) headers['holdfast-model'] = printable(about.model);
  if (follow.replayed) headers['idempotent-replayed'] = 'true';
  return headers;
}
