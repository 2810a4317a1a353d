// One look at a partition by its owner: what is to be appended next. A pure function of state,
// governance, load and time; what it decides leaves the lists for the overlay until it is folded.
import { repeatedBodyBytesMax } from '@libs/events/content';
import type { DraftOf, EventDraft } from '@libs/events/envelope';
import type { GovernanceState } from '@libs/governance/state';
import type { Decision, RouterCommand } from '@libs/jobs/commands';
import { decideRouting, notBeforeMs } from '@libs/jobs/decide-routing';
import type { JobState } from '@libs/jobs/state';
import { isAlertDelivery } from './alerts/alert-table';
import { decideAlerts, lookAgain } from './alerts/decide-alerts';
import { findDelivery } from './alerts/fold-alerts';
import { decideDeliveries } from './decide-deliveries';
import { decideOpen, type OpenJob } from './decide-open';
import { charge, park, takeNext, type Taken, unparkAll } from './fair-queue';
import { decideHolds } from './holds/decide-holds';
import { jobBounds, ratesNow } from './ledger/within-limits';
import { boundedBy } from './ledger/output-lengths';
import { plannedParts, reserve } from './ledger/reserved';
import type { PartitionState, WorkLists } from './partition-state';
import { type Plan, type PlanContext, planFor, type PlanResult } from './plan';
import { noteDeciding, type Place, placeOf, type ProviderLoad } from './provider-load';
import { seedOf } from './seeded';
import { takeDue } from './timers';
import { addDelivery, enqueueJob, list } from './work-lists';

export interface Tick {
  readonly governance: GovernanceState;
  readonly load: ProviderLoad;
  readonly nowMs: number;
  /** Last sequence folded. */
  readonly seen: number;
  /** Workers heard; while none is, nothing is dispatched. */
  readonly workers: number;
  /** How many more jobs the workers can take. Counted down. */
  room: number;
  /** Abandonments after which a job is a dead letter. */
  readonly abandonCap: number;
  readonly partitionCount: number;
}

/** So that work spreads over workers (architecture.md, section 2). */
const routedPerCommitMax = 32;
/**
 * With a queue deeper than the workers can share in commits of 32: one append is in flight per
 * partition, and where it takes 8 ms (fsync on a busy disk) 32 a commit are 4,000 jobs/s at most.
 */
const routedWhenDeepMax = 64;
/** Of 512 KiB a commit; a routing without its body has about 2 KB. */
const routedBytesMax = 400 * 1024;
const routingBytes = 2_500;
/** A further reason; the first few are in the above. */
const reasonBytes = 160;
/** Below the 256 of a commit: these events carry job views and errors, 512 KiB must hold them. */
export const decidedPerCommitMax = 128;

/** The events of the next commit, at most `most`; empty when there is nothing to decide. */
export function decidePartition(
  state: PartitionState, tick: Tick, most: number = decidedPerCommitMax,
): EventDraft[] {
  const { work } = state;
  if (work === null) return [];
  wake(state, work, tick.nowMs);
  const drafts: EventDraft[] = [];
  decideUrgent(state, work, { tick, most }, drafts);
  decideHolds(state, work, { tick, most }, drafts);
  decideAlerts(state, work, { tick, most }, drafts);
  if (tick.workers === 0) return drafts;
  decideDeliveries(state, work, { tick, most }, drafts);
  decideQueue(state, work, { tick, most }, drafts);
  return drafts;
}

/** The append failed or lost its race: what was decided is not so, and is looked at again. */
export function dropDecisions(state: PartitionState, load: ProviderLoad): void {
  const { work } = state;
  if (work === null) return;
  work.reserved.clear();
  work.holdsDeciding.clear();
  for (const [id, { draft, slot }] of work.deciding) {
    if (slot !== null) noteDeciding(load, slot, -1);
    if (draft.type === 'AlertRaised') lookAgain(state, work, draft);
    else if (isAlertDelivery(id)) oweAgain(state, work, id);
    else work.urgent.add(id);
  }
  work.deciding.clear();
}

/** Jobs whose time has come go to the list where they are decided. */
function wake(state: PartitionState, work: WorkLists, nowMs: number): void {
  for (const id of takeDue(work.timers, nowMs)) {
    const job = state.jobs.get(id);
    if (isAlertDelivery(id)) oweAgain(state, work, id);
    if (job === undefined || work.deciding.has(id)) continue;
    if (job.phase === 'settled') {
      if (job.webhook?.status === 'pending') addDelivery(work, job.webhook.endpointId, id);
    } else if (job.phase !== 'deduplicated') {
      work.urgent.add(id);
    }
  }
}

/** An alert's delivery goes back to where it is decided. */
function oweAgain(state: PartitionState, work: WorkLists, delivery: string): void {
  const found = findDelivery(state, delivery);
  if (found?.webhook.status === 'pending') addDelivery(work, found.webhook.endpointId, delivery);
}

interface Bounded {
  readonly tick: Tick;
  readonly most: number;
}

function decideUrgent(
  state: PartitionState, work: WorkLists, { tick, most }: Bounded, drafts: EventDraft[],
): void {
  for (const id of work.urgent) {
    if (drafts.length >= most) return;
    work.urgent.delete(id);
    const job = state.jobs.get(id);
    if (job === undefined || work.deciding.has(id)) continue;
    if (job.phase === 'running') {
      take(work, drafts, decideRouting(job, { type: 'ExpireJob', nowMs: tick.nowMs }));
    } else if (job.phase === 'settled') {
      list(state, work, job);
    } else if (job.phase !== 'deduplicated') {
      const command = decideOpen(state, job, tick);
      if (command !== null) {
        const limits = { ledger: state.ledger, reserved: work.reserved };
        give(work, drafts, job, withRates(job, command, { ...tick, limits }));
      }
      else if ((notBeforeMs(job) ?? 0) <= tick.nowMs) enqueueJob(work, job);
    }
  }
}

/** Routes jobs in fair order as long as there is room. */
function decideQueue(
  state: PartitionState, work: WorkLists, { tick, most }: Bounded, drafts: EventDraft[],
): void {
  unparkIfFreed(work, tick);
  const weightOf = (tenant: string): number => tick.governance.customers.get(tenant)?.weight ?? 1;
  const share = Math.ceil(work.queue.size / (2 * tick.workers));
  const routedMax = Math.min(routedWhenDeepMax, Math.max(routedPerCommitMax, share));
  const within = { ...tick, limits: { ledger: state.ledger, reserved: work.reserved } };
  let routed = 0;
  let bytes = 0;
  while (routed < routedMax && bytes < routedBytesMax && drafts.length < most && tick.room > 0) {
    const taken = takeNext(work.queue, weightOf);
    if (taken === null) return;
    const job = state.jobs.get(taken.id);
    if (job === undefined || work.deciding.has(job.id) || !isOpen(job)) continue;
    const command = decideOpen(state, job, tick);
    if (command !== null) {
      give(work, drafts, job, withRates(job, command, within));
      continue;
    }
    if ((notBeforeMs(job) ?? 0) > tick.nowMs) continue;
    if (!placeJob(work, within, { job, taken }, drafts)) continue;
    tick.room -= 1;
    routed += 1;
    bytes += routingBytes + reasonBytes * reasonsIn(drafts) + Math.min(job.submitted.body.bytes, repeatedBodyBytesMax);
  }
}

/** Plans one job. Returns whether it was routed. */
function placeJob(
  work: WorkLists, tick: Tick & PlanContext, one: { readonly job: OpenJob; readonly taken: Taken },
  drafts: EventDraft[],
): boolean {
  const { job, taken } = one;
  const { nowMs, seen } = tick;
  const seed = seedOf(job.id, job.routings + 1);
  const result = planFor(job, tick, seed);
  switch (result.kind) {
    case 'plan':
      charge(taken);
      route(work, tick, { job, plan: result, seed }, drafts);
      return true;
    case 'wait':
      park(work.queue, taken);
      work.parkedUntilMs = Math.min(work.parkedUntilMs, result.untilMs ?? Infinity);
      return false;
    case 'defer': {
      const { untilMs, reason, reserved = [] } = result;
      const count = job.deferrals;
      give(work, drafts, job, { type: 'DeferJob', untilMs, reason, count, seen, nowMs, reserved });
      return false;
    }
    case 'reject': {
      const command = { type: 'RejectJob', data: rejectionOf(result) } as const;
      give(work, drafts, job, withRates(job, command, tick));
      return false;
    }
  }
}

function route(
  work: WorkLists, tick: Tick,
  one: { readonly job: OpenJob; readonly plan: Plan; readonly seed: number }, drafts: EventDraft[],
): void {
  const { job, plan: made, seed } = one;
  const { plan } = made;
  const first = plan[0] as (typeof plan)[number];
  const slot = placeOf(first);
  const decision = decideRouting(job, {
    type: 'RouteJob', made, seed, seen: tick.seen, nowMs: tick.nowMs,
    governanceSequence: tick.governance.sequence, body: job.submitted.body,
  });
  if (!take(work, drafts, decision, slot)) return;
  noteDeciding(tick.load, slot, 1);
  const bounds = jobBounds(job, tick.governance);
  const deciding = work.deciding.get(job.id);
  const [draft] = decision.ok ? decision.events : [];
  if (bounds.length === 0 || deciding === undefined || draft?.type !== 'JobRouted') return;
  const parts = plannedParts(bounds, boundedBy(job, draft.data.output_estimate), draft.data);
  work.deciding.set(job.id, { ...deciding, parts });
  reserve(work.reserved, parts, 1n);
}

/** A refusal of the planner as the log has it. */
export function rejectionOf(
  result: Extract<PlanResult, { kind: 'reject' }>,
): Extract<RouterCommand, { type: 'RejectJob' }>['data'] {
  const { reason, status, message, reasons, limit, retryAfterS } = result;
  return {
    reason, status, message, reasons, errors: [], retry_after_s: retryAfterS ?? null,
    ...(limit === undefined ? {} : { limit }),
  };
}

/** Who is refused is told what its rate limits have left, too. */
function withRates<Command extends Exclude<RouterCommand, { type: 'DueWebhook' }>>(
  job: OpenJob, command: Command, { governance, limits, nowMs }: PlanContext,
): Command {
  if (command.type !== 'RejectJob' || limits === undefined) return command;
  const rates = ratesNow(job, governance, limits, nowMs);
  return rates.length === 0 ? command : { ...command, data: { ...command.data, rates: [...rates] } };
}

function give(
  work: WorkLists, drafts: EventDraft[], job: JobState,
  command: Exclude<RouterCommand, { type: 'DueWebhook' }>,
): void {
  take(work, drafts, decideRouting(job, command));
}

function reasonsIn(drafts: readonly EventDraft[]): number {
  const last = drafts.at(-1);
  return last?.type === 'JobRouted' ? last.data.reasons.length : 0;
}

/** A refusal means that the job moved on: nothing to do. */
function take(
  work: WorkLists, drafts: EventDraft[], decision: Decision, slot: Place | null = null,
): boolean {
  if (!decision.ok) return false;
  for (const draft of decision.events) {
    work.deciding.set(draft.subject, { draft, slot });
    drafts.push(draft);
  }
  return true;
}

function unparkIfFreed(work: WorkLists, tick: Tick): void {
  const { load, governance } = tick;
  const nothingNew = work.triedVersion === load.version
    && work.triedGovernance === governance.sequence;
  if (nothingNew && tick.nowMs < work.parkedUntilMs) return;
  work.triedVersion = load.version;
  work.triedGovernance = governance.sequence;
  work.parkedUntilMs = Infinity;
  unparkAll(work.queue);
}

function isOpen(job: JobState): job is OpenJob {
  return job.phase === 'waiting' || job.phase === 'deferred';
}

/** The routings among drafts, whose bodies may be repeated in their commit. */
export function isRouting(draft: EventDraft): draft is DraftOf<'JobRouted'> {
  return draft.type === 'JobRouted';
}
