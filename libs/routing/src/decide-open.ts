// What is decided of a job that waits without looking at providers: verdicts on idempotency keys,
// cancel, deadline, dead letters, and what follows an exhausted plan.
import type { RouterCommand } from '@libs/jobs/commands';
import { continuingOf } from '@libs/jobs/continuing';
import type { DeferredJob, PlanError, WaitingJob } from '@libs/jobs/state';
import type { PartitionState } from './partition-state';
import { drawsOf, seedOf } from './seeded';

export type OpenJob = WaitingJob | DeferredJob;
type OpenCommand = Exclude<RouterCommand, { type: 'DueWebhook' | 'RouteJob' | 'WriteOffHold' | 'AnswerHold' }>;

interface Moment {
  readonly nowMs: number;
  readonly seen: number;
  readonly abandonCap: number;
}

/** After the first exhausted plan; doubled with each further one. */
const deferralBaseMs = 1_000;
/** Five minutes: a provider that comes back is found within this time. */
const deferralMaxMs = 300_000;
/** For a waiting caller when no provider named a time. */
const retryAfterDefaultS = 5;

/** The order that follows from the job alone; null: it is to be routed (when its time has come). */
export function decideOpen(
  state: PartitionState, job: OpenJob, moment: Moment,
): OpenCommand | null {
  const verdict = state.verdicts.get(job.id);
  if (verdict?.kind === 'duplicate') return { type: 'DeduplicateJob', of: verdict.of };
  if (verdict?.kind === 'mismatch') return mismatch(job);
  if (job.cancelRequestedBy !== null) return { type: 'CancelJob' };
  if (moment.nowMs >= job.submitted.deadline_at_ms) {
    return { type: 'ExpireJob', nowMs: moment.nowMs };
  }
  if (job.contentSent && job.submitted.mode === 'stream' && continuingOf(job) === null) {
    return allFailed(job, 'the stream broke after content had been sent');
  }
  if (job.abandonments > moment.abandonCap) return deadLetter(job);
  if (state.exhausted.has(job.id)) {
    return job.submitted.mode === 'async' ? deferral(job, moment)
      : allFailed(job, 'every candidate of this request failed');
  }
  return runLater(job, moment);
}

function runLater(job: OpenJob, { nowMs, seen }: Moment): OpenCommand | null {
  const runAtMs = job.submitted.run_at_ms;
  if (job.phase === 'deferred' || job.routings > 0) return null;
  if (runAtMs === null || runAtMs <= nowMs) return null;
  return { type: 'DeferJob', untilMs: runAtMs, reason: 'run_at', count: 0, seen, nowMs };
}

/** Grows with each exhausted plan, spread by the seed so that jobs do not come back together. */
function deferral(job: OpenJob, { nowMs, seen }: Moment): OpenCommand {
  const count = job.deferrals + 1;
  const plainMs = Math.min(deferralMaxMs, deferralBaseMs * 2 ** Math.min(count - 1, 20));
  const spread = 0.75 + drawsOf(seedOf(job.id, -count))() / 2;
  const delayMs = Math.max(Math.round(plainMs * spread), soonestMs(job.lastErrors) ?? 0);
  const reason = `every candidate failed (${summary(job.lastErrors)})`;
  return {
    type: 'DeferJob', untilMs: nowMs + Math.min(delayMs, deferralMaxMs), reason, count, seen, nowMs,
  };
}

function allFailed(job: OpenJob, what: string): OpenCommand {
  const soonest = soonestMs(job.lastErrors);
  return {
    type: 'RejectJob',
    data: {
      reason: 'all_candidates_failed',
      status: 503,
      message: job.lastErrors.length === 0 ? what : `${what}: ${summary(job.lastErrors)}`,
      errors: job.lastErrors.map(({ provider, model, error }) => ({ provider, model, error })),
      retry_after_s: soonest === null ? retryAfterDefaultS : Math.max(1, Math.ceil(soonest / 1000)),
    },
  };
}

function deadLetter(job: OpenJob): OpenCommand {
  return {
    type: 'RejectJob',
    data: {
      reason: 'dead_letter',
      status: 500,
      message: `given up after ${job.abandonments} abandoned attempts; it can be redriven`,
      errors: job.lastErrors.map(({ provider, model, error }) => ({ provider, model, error })),
      retry_after_s: null,
    },
  };
}

const otherBody = 'this Idempotency-Key was used with another request body';

/** A keyed hash is another one, too, when the key of the first job's data subject was destroyed. */
function mismatch({ submitted }: OpenJob): OpenCommand {
  const isKeyed = submitted.idempotency?.body_sha256.includes(':') === true;
  return {
    type: 'RejectJob',
    data: {
      reason: 'idempotency_mismatch',
      status: 422,
      message: isKeyed ? `${otherBody} or data subject, or its content was erased since` : otherBody,
      errors: [],
      retry_after_s: null,
    },
  };
}

/** The soonest time that a provider named, from the end of its call on. */
function soonestMs(errors: readonly PlanError[]): number | null {
  const named = errors.flatMap(({ retryAfterMs }) => retryAfterMs == null ? [] : [retryAfterMs]);
  return named.length === 0 ? null : Math.min(...named);
}

function summary(errors: readonly PlanError[]): string {
  return errors
    .map(({ provider, model, error }) => `${provider}/${model}: ${error.class}`)
    .join(', ');
}
