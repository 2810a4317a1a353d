// Runs one routing of one job from the commit that routed it to its durable outcome.
import { setTimeout as pause } from 'node:timers/promises';
import { type DataKey } from '@libs/content-keys/data-key';
import { type AttemptRecord } from '@libs/events/attempts';
import { type HoldfastEvent } from '@libs/events/envelope';
import { type Candidate } from '@libs/events/job-events';
import { partitionOfSubject, subjects } from '@libs/events/subjects';
import { isFault } from '@libs/faults/faults';
import { type PreparedContent } from '@libs/log/content';
import { type Commit } from '@libs/log/log';
import { type SurfaceEvent } from '@libs/surfaces/surface';
import { newAttemptId } from '@libs/telemetry/ids';
import {
  type Delta, type UpstreamOutcome, type UpstreamRequest, type UpstreamTarget,
} from '../providers/outcome';
import { type GovernanceFold } from '../shared/governance-fold';
import { keepTrying } from '../shared/keep-trying';
import { writeFacts } from '../shared/write-facts';
import { type AttemptMetrics } from './attempt-metrics';
import { type BodyQueue } from './body-queue';
import {
  cannotGoOn, type ContinuedAnswer, endOfContinued, readContinued, targetFor,
} from './continued-answer';
import { type ClosedKeys } from './closed-keys';
import { keepAnswer, seal } from './keep-answer';
import { type LostTime } from './lost-time';
import { type ReplyOutbox } from './reply-outbox';
import { type ContentDeps, repeatedBody, storedBody } from './request-body';
import { RunningJob, type RunningJobs } from './running-jobs';
import { outcomeOf, type RoutingName } from './settle';
import { replyFor } from './tell-caller';
import { type UpstreamTargets } from '../shared/upstream-targets';
import { type Walked } from './walk-end';
import { walkPlan } from './walk-plan';
import { type NamedCall } from './walk-ports';

export type CallProvider = (
  target: UpstreamTarget, request: UpstreamRequest, onDelta: (delta: Delta) => void,
) => Promise<UpstreamOutcome>;

export interface AttemptDeps extends ContentDeps {
  readonly governance: GovernanceFold;
  readonly targets: UpstreamTargets;
  readonly closedKeys: ClosedKeys;
  readonly running: RunningJobs;
  readonly outbox: ReplyOutbox;
  readonly lostTime: LostTime;
  readonly metrics: AttemptMetrics;
  readonly bodies: BodyQueue;
  readonly callProvider: CallProvider;
  readonly now: () => number;
}

/** One job on its way through this file. */
interface Run {
  readonly deps: AttemptDeps;
  readonly job: RunningJob;
  readonly name: RoutingName;
  readonly partition: number;
  /** What the request is sealed by seals the answer, too; held to the end, come what may. */
  readonly key: DataKey | null;
  /** `AttemptFailed` events under way; durable before the outcome is. */
  readonly failures: Promise<unknown>[];
}

/** The router may have seen providers that we have not yet; longer than any fold lags. */
const governanceWaitMs = 5_000;

/** @throws Fault when the outcome cannot be made durable. */
export async function runJob(
  deps: AttemptDeps, commit: Commit, event: HoldfastEvent<'JobRouted'>,
): Promise<void> {
  const routed = event.data;
  const job = new RunningJob(event.subject, event.tenant, routed, deps.lostTime.count());
  const partition = partitionOfSubject(commit.subject);
  if (partition === null) throw new Error(`${commit.subject} has no partition`);
  const { subject, tenant } = event;
  const name = { subject, tenant, causation: event.id, routing: routed.routing };
  deps.running.add(job);
  try {
    if (deps.governance.state.sequence < routed.governance_sequence) {
      await deps.governance.waitFor(routed.governance_sequence, governanceWaitMs);
    }
    await runWithKey({ deps, job, name, partition, key: null, failures: [] }, commit);
  } finally {
    deps.running.remove(job, deps.now());
  }
}

async function runWithKey(given: Run, commit: Commit): Promise<void> {
  const { deps, job } = given;
  let run = given;
  let walked: Walked;
  try {
    const isStopped = (): boolean => job.stopReason(deps.now()) !== null;
    const { body } = job.routed;
    run = { ...given, key: await keepTrying(() => deps.keys.keyOfContent(body), isStopped) };
    const repeated = repeatedBody(commit, job.routed, run.key);
    walked = repeated === null
      ? await deps.bodies.run(body.bytes, job.abort.signal, () => walkStored(run))
      : await walk(run, repeated);
  } catch (error) {
    walked = withoutContent(error);
  }
  await settle(run, walked);
  const { end } = walked;
  job.isReadable = end.kind === 'succeeded'
    || (end.kind === 'abandoned' && end.continuation !== undefined);
}

async function walkStored(run: Run): Promise<Walked> {
  const { deps, job } = run;
  const isStopped = (): boolean => job.stopReason(deps.now()) !== null;
  // It may have stopped while it waited for room: then there is nothing to call with its body.
  if (isStopped()) return walk(run, '');
  const body = await storedBody(deps, job.routed, isStopped);
  if (body !== null) return walk(run, body);
  const at = `commit ${job.routed.submission.sequence}`;
  return contentIsGone(`The request's content is gone from the log (${at}); submit it again.`);
}

async function walk(run: Run, body: string): Promise<Walked> {
  const { deps, job } = run;
  const bytes = Buffer.from(body);
  const { continues } = job.routed;
  let continued: ContinuedAnswer | null = null;
  if (continues !== undefined) {
    const isStopped = (): boolean => job.stopReason(deps.now()) !== null;
    continued = await readContinued(deps, job.routed, continues, isStopped);
    if (continued === null && !isStopped()) {
      return contentIsGone('What was answered so far is gone from the log.');
    }
  }
  const walked = await walkWith(run, bytes, continued);
  return endOfContinued(walked, job, continued, bytes);
}

function walkWith(
  run: Run, bytes: Uint8Array, continued: ContinuedAnswer | null,
): Promise<Walked> {
  const { deps, job } = run;
  return walkPlan(job.routed, {
    now: deps.now,
    newAttemptId,
    isClosed: (candidate) => deps.closedKeys.isClosed(candidate, deps.now()),
    stopReason: () => job.stopReason(deps.now()),
    pause: (ms, signal) => pauseUntil(ms, endedBy(job, signal)),
    call: (named) => callCandidate(run, named, bytes, continued),
    onFailed: (attempt) => {
      const subject = subjects.job(run.partition, 'attempted');
      const { subject: id, tenant, causation } = run.name;
      const about = { subject: id, tenant, causation };
      const draft = { ...about, type: 'AttemptFailed' as const, data: { attempt } };
      const facts = { drafts: [draft] };
      const written = keepTrying(() => writeFacts(deps.log, subject, facts, deps.now()), never);
      // `settle` waits for it and throws then; until then nobody else may be told.
      written.catch(() => undefined);
      run.failures.push(written);
    },
  });
}

function callCandidate(
  { deps, job }: Run, { candidate, attemptId, beside }: NamedCall, body: Uint8Array,
  continued: ContinuedAnswer | null,
): Promise<UpstreamOutcome> {
  const { call, deadline_at_ms } = job.routed;
  const found = deps.targets.targetOf(candidate, deps.governance.state);
  if (!found.ok) return Promise.resolve(found.outcome);
  const takes = continued?.wayOf(candidate, deps.governance.state) ?? null;
  if (continued !== null && takes === null) return Promise.resolve(cannotGoOn(candidate));
  // A second call is nobody's concern until it is the one that answers.
  if (beside?.isSecond !== true) job.startAttempt(attemptId);
  const request: UpstreamRequest = {
    surface: call.surface,
    endpoint: call.endpoint,
    stream: call.stream,
    streamUsage: call.stream_usage,
    body,
    headers: call.headers,
    attemptId,
    signal: endedBy(job, beside?.signal),
    deadlineAtMs: deadline_at_ms,
  };
  if (continued !== null && takes !== null) {
    continued.start(takes);
    const begun = { text: continued.begun.text, way: takes.way };
    return deps.callProvider(targetFor(found.target, takes), { ...request, begun }, (delta) => {
      for (const event of continued.next(delta)) forward(deps, job, candidate, event);
    });
  }
  return deps.callProvider(found.target, request, (delta) => {
    if (beside?.wins() === false) return;
    if (job.attempt !== attemptId) job.startAttempt(attemptId);
    forward(deps, job, candidate, delta);
  });
}

/** The job's end ends all that is done for it; `other` one part of it. */
function endedBy(job: RunningJob, other: AbortSignal | undefined): AbortSignal {
  const { signal } = job.abort;
  return other === undefined ? signal : AbortSignal.any([signal, other]);
}

async function pauseUntil(ms: number, signal: AbortSignal): Promise<void> {
  try {
    await pause(ms, undefined, { signal });
  } catch (error) {
    // Ending early is what the signal is for.
    if (!signal.aborted) throw error;
  }
}

/** Keeps the delta for those who come later and sends it to the one who waits. */
function forward(
  deps: AttemptDeps, job: RunningJob, candidate: Candidate, delta: SurfaceEvent,
): void {
  const { attempt, routed } = job;
  if (!routed.call.stream || attempt === null) return;
  const { event, data } = delta;
  const index = job.nextIndex;
  job.deltas.push({ event, data });
  if (routed.call.reply_to === null) return;
  const { provider, model } = candidate;
  const { rates } = routed;
  const source = index > 0 ? {} : { provider, model, ...(rates === undefined ? {} : { rates }) };
  const reply = { kind: 'delta' as const, job: job.id, attempt, index, event, data, ...source };
  deps.outbox.send(routed.call.reply_to, reply);
}

async function settle(run: Run, walked: Walked): Promise<void> {
  const { deps, job, name, partition } = run;
  const text = contentOf(walked);
  const content = text === null ? null : await kept(run, walked, text);
  if (run.failures.length > 0) await Promise.all(run.failures);
  const { kind, draft } = outcomeOf(name, walked, content?.ref ?? null);
  const facts = { drafts: [draft], content: content?.lines ?? [] };
  const subject = subjects.job(partition, kind);
  const at = await keepTrying(() => writeFacts(deps.log, subject, facts, deps.now()), never);
  deps.metrics.routingEnded(walked);
  const { reply_to } = job.routed.call;
  if (reply_to === null) return;
  const reply = replyFor(job.id, walked, at, job.routed.rates);
  if (reply === null) return;
  // Another worker may have been given the job meanwhile: the router tells in log order who won.
  if (deps.lostTime.count() === job.lostTimes) deps.outbox.send(reply_to, reply);
  else deps.metrics.late.inc();
}

/** What the provider said, when the end hands it to the client. */
function contentOf({ end }: Walked): string | null {
  if (end.kind === 'succeeded') return end.answer.body;
  if (end.kind === 'abandoned') return end.continuation?.answer ?? null;
  return end.kind === 'refused' ? end.body : null;
}

/** What a stream has said so far is only there to be gone on with. */
function kept({ deps, job, key }: Run, { end }: Walked, text: string): Promise<PreparedContent> {
  return end.kind === 'abandoned' ? seal(deps, text, key) : keepAnswer(deps, job.routed.body, key, text);
}

/** An outcome is kept for as long as the process lives. */
const never = (): boolean => false;

/** Parked: the job ends with words for people instead of coming back for ever. */
function contentIsGone(
  message: string, errorClass: 'content_erased' | 'unknown' = 'unknown',
): Walked {
  const attempts: readonly AttemptRecord[] = [];
  return {
    end: { kind: 'refused', error: { class: errorClass, status: null, message }, body: null },
    attempts,
  };
}

/** The key of what is to be asked is not there any more. */
function withoutContent(error: unknown): Walked {
  if (isFault(error, 'content_erased')) {
    return contentIsGone('The content of this job was erased.', 'content_erased');
  }
  if (isFault(error, 'content_not_kept')) return contentIsGone(error.message, 'content_erased');
  if (!isFault(error, 'content_key_missing')) throw error;
  return contentIsGone('The key of the request\'s content is not there, so it cannot be read.');
}
