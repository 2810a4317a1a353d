// Submits what was asked: content stored, webhook resolved, event appended; and the way of work
// that nobody waits for (202).
import { type FastifyReply } from 'fastify';
import { type Mode } from '@libs/events/job-events';
import { type Surface } from '@libs/surfaces/surface';
import { type Edge } from './edge';
import { JobFollow } from './follow-job';
import { keepContent } from './keep-content';
import { jobViewNow, queuedView } from './job-views';
import { type Asked } from './read-request';
import { type HttpRefusal, isRefusal, refusal, retryAfterFaultS } from './refusal';
import { jobHeaders, sendJson, sendOutcome, sendRefusal } from './respond';
import { deadlineOf, makeSubmission, type Submission } from './submission';
import { webhookEndpointOf } from './webhook-target';

export interface SubmitOptions {
  readonly mode: Mode;
  readonly runAtMs?: number;
  readonly redriveOf?: string;
}

/** @throws Fault log_unavailable, log_full, too_large */
export async function prepareSubmission(
  edge: Edge, asked: Asked, options: SubmitOptions,
): Promise<Submission | HttpRefusal> {
  const webhook = asked.options.webhook === null
    ? null
    : await webhookEndpointOf(edge, asked.key, asked.options.webhook);
  if (isRefusal(webhook)) return webhook;
  const { mode, runAtMs = null } = options;
  const deadlineAtMs = deadlineOf(mode, asked.options, runAtMs, edge.now());
  const kept = await keepContent(edge, asked, {
    isWaitedFor: mode !== 'async', deadlineAtMs, hasWebhook: webhook !== null,
  });
  return makeSubmission({
    ...asked,
    ...kept,
    mode, runAtMs, deadlineAtMs,
    webhookEndpointId: webhook,
    ...(options.redriveOf === undefined ? {} : { redriveOf: options.redriveOf }),
  }, edge.instance, edge.now());
}

/** A keyed 202 waits for the router's verdict; usually milliseconds. */
const verdictWaitMs = 15_000;

/**
 * Leaves the job behind: 202 with the job; with `Prefer: wait=N` the answer if it comes in time.
 */
export async function answerAsync(
  edge: Edge, asked: Asked, options: SubmitOptions & { surface: Surface }, reply: FastifyReply,
): Promise<void> {
  const refused = edge.admission.refuseWork();
  if (refused !== null) { sendRefusal(reply, options.surface, refused); return; }
  edge.rates.want(asked.key, asked.inspection.model);
  const submission = await prepareSubmission(edge, asked, options);
  if (isRefusal(submission)) { sendRefusal(reply, options.surface, submission); return; }
  const waitMs = (asked.options.waitS ?? 0) * 1000;
  if (asked.options.idempotencyKey === null && waitMs === 0) {
    await edge.appends.submit(submission);
    accepted(reply, submission.job, queuedView(submission), false); return;
  }
  return waitAWhile(edge, submission, { ...options, waitMs }, reply);
}

async function waitAWhile(
  edge: Edge, submission: Submission, options: { surface: Surface; waitMs: number },
  reply: FastifyReply,
): Promise<void> {
  const refused = edge.admission.enter();
  if (refused !== null) { sendRefusal(reply, options.surface, refused); return; }
  const partition = edge.partitionOf(submission.tenant);
  const { idempotency } = submission.event.data;
  const gate = openGate();
  const follow = new JobFollow(edge.waiters, { job: submission.job, partition }, {
    onAccepted: gate.open, onReplayed: gate.open,
  });
  try {
    const { sequence } = await edge.appends.submit(submission);
    edge.waiters.submittedAt(submission.job, sequence);
    const verdict = await within(
      Promise.race([follow.end, idempotency === null ? null : gate.opened]), verdictWaitMs,
    );
    if (verdict === late) {
      sendRefusal(reply, options.surface, refusal(503, 'router_unavailable',
        'No verdict on this Idempotency-Key yet; repeat the request with the same key.',
        { retryAfterS: retryAfterFaultS, jobId: submission.job })); return;
    }
    if (isRefusal(verdict)) { sendRefusal(reply, options.surface, verdict); return; }
    if (typeof verdict === 'object' && verdict?.error?.class === 'idempotency_mismatch') {
      sendOutcome(reply, options.surface, verdict, follow); return;
    }
    if (options.waitMs > 0) {
      edge.waiters.ask(follow.job);
      const end = await within(follow.end, options.waitMs);
      if (end !== late) {
        if (isRefusal(end)) { sendRefusal(reply, options.surface, end); return; }
        sendOutcome(reply, options.surface, end, follow); return;
      }
    }
    const view = follow.replayed
      ? await jobViewNow(edge, submission.tenant, follow.job)
      : queuedView(submission);
    accepted(reply, follow.job, view, follow.replayed); return;
  } finally {
    follow.stop();
    edge.admission.leave();
  }
}

function accepted(
  reply: FastifyReply, job: string, view: unknown, replayed: boolean,
): void {
  reply.headers({ ...jobHeaders(job), location: `/v1/jobs/${job}` });
  if (replayed) reply.header('idempotent-replayed', 'true');
  sendJson(reply, 202, view);
}

const late = Symbol('late');

async function within<T>(promise: Promise<T>, ms: number): Promise<T | typeof late> {
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise<typeof late>((resolve) => {
    timer = setTimeout(() => resolve(late), ms);
  });
  try {
    return await Promise.race([promise, timeout]);
  } finally {
    clearTimeout(timer);
  }
}

function openGate(): { open: () => void; opened: Promise<undefined> } {
  let open: () => void = () => undefined;
  const opened = new Promise<undefined>((resolve) => {
    open = () => resolve(undefined);
  });
  return { open: () => open(), opened };
}
