// Orders of the partition's owner: route, defer, and the ends that the router gives.
import type { Catalogue } from '@libs/events/catalogue';
import type { RateLeft, ReservedAmounts } from '@libs/events/limits';
import { type Decision, type Refusal, type RouterCommand, accept, refuse } from './commands';
import { answerHold, writeOffHold } from './decide-hold';
import { continuingOf } from './continuing';
import type { Continuing, DeferredJob, JobState, WaitingJob } from './state';

type RoutingCommand = Exclude<RouterCommand, { type: 'DueWebhook' }>;
type Of<T extends RoutingCommand['type']> = Extract<RoutingCommand, { type: T }>;
type OpenJob = WaitingJob | DeferredJob;

/** A worker ends its own jobs at their deadline; the router steps in this much later. */
export const runningJobGraceMs = 60_000;

export function decideRouting(state: JobState, command: RoutingCommand): Decision {
  switch (command.type) {
    case 'RouteJob': return whenOpen(state, (job) => routeJob(job, command));
    case 'DeferJob': return whenOpen(state, (job) => deferJob(job, command));
    case 'RejectJob': return whenOpen(state, (job) =>
      accept({ type: 'JobRejected', ...about(job), data: command.data }));
    case 'DeduplicateJob': return whenOpen(state, (job) => deduplicateJob(job, command.of));
    case 'CancelJob': return whenOpen(state, cancelJob);
    case 'ExpireJob': return expireJob(state, command.nowMs);
    case 'WriteOffHold': return writeOffHold(state, command);
    case 'AnswerHold': return answerHold(state, command);
  }
}

/** When the job may be routed at the earliest; null: at once. */
export function notBeforeMs(job: OpenJob): number | null {
  const runAtMs = job.routings === 0 ? job.submitted.run_at_ms : null;
  if (job.phase === 'waiting') return runAtMs;
  return runAtMs === null ? job.untilMs : Math.max(runAtMs, job.untilMs);
}

function routeJob(job: OpenJob, command: Of<'RouteJob'>): Decision {
  const { nowMs, made } = command;
  if (job.cancelRequestedBy !== null) return refuse('cancel_already_requested');
  if (job.submitted.deadline_at_ms <= nowMs) return refuse('deadline_passed');
  if ((notBeforeMs(job) ?? nowMs) > nowMs) return refuse('not_due');
  if (made.plan.length === 0) return refuse('empty_plan');
  const continuing = continuingOf(job);
  if (job.contentSent && job.submitted.mode === 'stream' && continuing === null) {
    return refuse('content_already_sent');
  }
  const { call } = job.submitted;
  return accept({
    type: 'JobRouted',
    ...about(job),
    data: {
      routing: job.routings + 1,
      call: job.submitted.mode === 'async' ? { ...call, reply_to: null } : call,
      plan: made.plan,
      fallbacks_by_class: made.fallbacksByClass,
      hold: made.hold,
      ...(made.outputEstimate === undefined ? {} : { output_estimate: made.outputEstimate }),
      deadline_at_ms: job.submitted.deadline_at_ms,
      seen: command.seen,
      now_ms: nowMs,
      seed: command.seed,
      reasons: made.reasons,
      // What is as usual is left out: most routings are.
      ...(made.strategy === 'weighted' ? {} : { strategy: made.strategy }),
      ...(made.rule === null ? {} : { rule: made.rule }),
      ...(Object.keys(made.overlay).length === 0 ? {} : { overlay: made.overlay }),
      ...reservedField(made.reserved),
      ...ratesField(made.rates),
      ...(made.hedge === null ? {} : { hedge: made.hedge }),
      ...(made.retries === null ? {} : { retries: made.retries }),
      ...(made.continueOnBreak ? { continue_on_break: true as const } : {}),
      ...(continuing === null ? {} : { continues: continued(continuing) }),
      governance_sequence: command.governanceSequence,
      submission: job.at,
      body: command.body,
    },
  });
}

function continued(
  { stream, nextIndex, answer, at }: Continuing,
): NonNullable<Catalogue['JobRouted']['continues']> {
  return { stream, next_index: nextIndex, answer, at };
}

function deferJob(job: OpenJob, command: Of<'DeferJob'>): Decision {
  const { untilMs, nowMs, reason, seen, count, reserved } = command;
  if (job.cancelRequestedBy !== null) return refuse('cancel_already_requested');
  if (untilMs <= nowMs) return refuse('not_later');
  if (job.submitted.deadline_at_ms <= nowMs) return refuse('deadline_passed');
  const data = {
    until_ms: untilMs, reason, seen, now_ms: nowMs, count, ...reservedField(reserved),
  };
  return accept({ type: 'JobDeferred', ...about(job), data });
}

/** What is as usual is left out. */
function reservedField(reserved: ReservedAmounts = []): { readonly reserved?: ReservedAmounts } {
  return Object.keys(reserved).length === 0 ? {} : { reserved };
}

function ratesField(rates: readonly RateLeft[] = []): { readonly rates?: RateLeft[] } {
  return rates.length === 0 ? {} : { rates: [...rates] };
}

/** Only what never ran can be another job's duplicate. */
function deduplicateJob(job: OpenJob, of: string): Decision {
  if (of === job.id) return refuse('is_the_first');
  if (job.routings > 0) return refuse('already_routed');
  return accept({ type: 'JobDeduplicated', ...about(job), data: { of } });
}

function cancelJob(job: OpenJob): Decision {
  if (job.cancelRequestedBy === null) return refuse('cancel_not_requested');
  const data = { by: job.cancelRequestedBy, routing: null, attempts: [] };
  return accept({ type: 'JobCanceled', ...about(job), data });
}

function expireJob(state: JobState, nowMs: number): Decision {
  if (state.phase === 'settled') return refuse('already_settled');
  if (state.phase === 'deduplicated') return refuse('already_deduplicated');
  const graceMs = state.phase === 'running' ? runningJobGraceMs : 0;
  if (nowMs < state.submitted.deadline_at_ms + graceMs) return refuse('deadline_not_passed');
  return accept({ type: 'JobExpired', ...about(state), data: { routing: null, attempts: [] } });
}

function whenOpen(state: JobState, decideOpen: (job: OpenJob) => Decision): Decision {
  if (state.phase === 'waiting' || state.phase === 'deferred') return decideOpen(state);
  return refuse(closed[state.phase]);
}

const closed: Readonly<Record<Exclude<JobState['phase'], OpenJob['phase']>, Refusal>> = {
  running: 'running',
  settled: 'already_settled',
  deduplicated: 'already_deduplicated',
};

function about(job: JobState): { readonly subject: string; readonly tenant: string } {
  return { subject: job.id, tenant: job.tenant };
}
