// The fold of one partition: every event of its subjects in log order, with what follows for
// idempotency, provider load, webhooks under way and the memory of ended jobs.
import type { AttemptRecord } from '@libs/events/attempts';
import type { LinePosition } from '@libs/events/content';
import type { AnyEvent } from '@libs/events/envelope';
import type { Limits } from '@libs/governance/state';
import { evolve } from '@libs/jobs/evolve';
import type { JobState, SettledJob } from '@libs/jobs/state';
import { foldAlertEvent, isAlertEvent } from './alerts/fold-alerts';
import { followUnknown } from './alerts/unknown-ends';
import { followJob, forgetJob } from './ledger/follow-job';
import { learnLength } from './ledger/output-lengths';
import { reserve } from './ledger/reserved';
import {
  followHolds, forgetClosed, holdName, isRemembered, noteHoldRequest,
} from './holds/open-holds';
import { claim, release } from './idempotency';
import { noteUse } from './key-uses';
import { findJob, type FoldNews, type PartitionState } from './partition-state';
import { learnFromAttempt } from './health/learn';
import type { HealthRules } from './health/rules';
import { noteRefused } from './ledger/ledger';
import { moveSlot, noteDeciding, noteUnpriced, type ProviderLoad } from './provider-load';
import { unpriced } from './unknown-price';
import { relist } from './work-lists';

/** Late events and questions about an ended job come within this time; older ones: the archive. */
const endedKeptMs = 15 * 60_000;
/** About 1 KB each; at 4,000 jobs/s in one partition this is the last five seconds. */
const endedKeptMax = 20_000;
/** Forgetting many at once costs less: a map with holes at its front is slow to look into. */
const forgetAtOnceMax = 1_000;
const forgetLateMs = 30_000;

/** What the partitions share, and what is told. */
export interface FoldSides {
  readonly load: ProviderLoad;
  readonly news: FoldNews;
  /** Health rules of a provider at this position of the log. */
  readonly rulesFor: (provider: string) => HealthRules;
  /** What bounds a job at this position of the log. */
  readonly limitsOf: (job: JobState) => readonly Limits[];
}

/** Folds one event of this partition. `appendedAtMs`: the log's own time of its commit. */
export function foldJobEvent(
  state: PartitionState, event: AnyEvent,
  where: { readonly at: LinePosition; readonly appendedAtMs: number },
  sides: FoldSides,
): void {
  if (event.type === 'RouterElected') {
    const { router, epoch } = event.data;
    state.owner = { router, epoch, sequence: where.at.sequence };
    return;
  }
  if (event.type === 'ProviderProbed') {
    learn([event.data.attempt], where.appendedAtMs, sides);
    return;
  }
  if (isAlertEvent(event)) {
    foldAlertEvent(state, event, where);
    return;
  }
  const before = findJob(state, event.subject);
  if (event.type === 'HoldReconcileRequested') noteHoldRequest(state.holds, event, before);
  const after = evolve(before, event, where.at);
  if (after === undefined) {
    state.strangers += 1;
    settleDecision(state, event, sides.load);
    return;
  }
  const { appendedAtMs } = where;
  followHolds(state.holds, event, { before, after, appendedAtMs });
  const attempts = newAttempts(before, event);
  learn(attempts, appendedAtMs, sides);
  if (after.submitted.max_output_tokens === null) learnLengths(state, after, attempts);
  if (after === before) {
    settleDecision(state, event, sides.load);
    return;
  }
  followJob(state.ledger, event, { before, after, appendedAtMs }, sides.limitsOf);
  noteForAlerts(state, event, { before, after, appendedAtMs }, sides.load);
  keep(state, after, appendedAtMs);
  noteUse(state.uses, event, after, appendedAtMs);
  noteSides(state, event, { before, after, appendedAtMs });
  moveSlot(sides.load, before, after);
  noteNews(state, event, { before, after, appendedAtMs }, sides.news);
  settleDecision(state, event, sides.load);
  if (state.work !== null) relist(state, state.work, { before, after });
}

/** Forgets ended jobs that nobody asks for any more. Driven by the log's time, as all the fold. */
export function forgetEnded(state: PartitionState, logTimeMs: number): void {
  const { ended, oldestEndedMs } = state;
  forgetKept(state, logTimeMs);
  if (oldestEndedMs === null) return;
  const tooMany = ended.size > endedKeptMax + forgetAtOnceMax;
  if (!tooMany && oldestEndedMs > logTimeMs - endedKeptMs - forgetLateMs) return;
  state.oldestEndedMs = null;
  for (const [id, job] of ended) {
    const { atMs } = job;
    if (ended.size <= endedKeptMax && atMs > logTimeMs - endedKeptMs) {
      state.oldestEndedMs = atMs;
      return;
    }
    ended.delete(id);
    if (isRemembered(state.holds, id)) state.kept.set(id, job);
    else forgetJob(state.ledger, id);
  }
}

/** After this nothing that comes late finds them. */
function forgetKept(state: PartitionState, logTimeMs: number): void {
  for (const id of forgetClosed(state.holds, logTimeMs)) {
    if (isRemembered(state.holds, id) || !state.kept.delete(id)) continue;
    forgetJob(state.ledger, id);
  }
}

/** An owed webhook keeps its job open until it is delivered or given up. */
function keep(state: PartitionState, job: JobState, appendedAtMs: number): void {
  const owes = job.phase === 'settled' && job.webhook?.status === 'pending';
  if (owes || (job.phase !== 'settled' && job.phase !== 'deduplicated')) {
    state.jobs.set(job.id, job);
    if (owes) {
      state.ended.delete(job.id);
      state.kept.delete(job.id);
    }
    return;
  }
  state.jobs.delete(job.id);
  const kept = state.kept.get(job.id);
  if (kept !== undefined && isRemembered(state.holds, job.id)) {
    state.kept.set(job.id, { atMs: kept.atMs, text: JSON.stringify(job) });
    return;
  }
  state.kept.delete(job.id);
  const atMs = state.ended.get(job.id)?.atMs ?? appendedAtMs;
  state.ended.set(job.id, { atMs, text: JSON.stringify(job) });
  state.oldestEndedMs ??= atMs;
}

interface Change {
  readonly before: JobState | undefined;
  readonly after: JobState;
  readonly appendedAtMs: number;
}

/** What may have to be raised. */
function noteForAlerts(
  state: PartitionState, event: AnyEvent, { before, after, appendedAtMs }: Change,
  load: ProviderLoad,
): void {
  const wasUnknown = before !== undefined && before.unknownRoutings.length > 0;
  if (wasUnknown || after.unknownRoutings.length > 0) {
    followUnknown(state.alerts, before, after, appendedAtMs);
  }
  if (event.type !== 'JobRejected') return;
  const { limit, reasons = [] } = event.data;
  if (limit?.account !== undefined) noteRefused(state.ledger, limit.account, appendedAtMs);
  for (const one of reasons) {
    if (one.reason.startsWith(unpriced)) noteUnpriced(load, one, appendedAtMs);
  }
}

/** Tables beside the job itself. */
function noteSides(state: PartitionState, event: AnyEvent, change: Change): void {
  const { before, after, appendedAtMs } = change;
  if (event.type === 'PlanExhausted' && before?.phase === 'running' && after.phase === 'waiting') {
    state.exhausted.add(after.id);
  } else if (after.phase !== 'waiting') {
    state.exhausted.delete(after.id);
  }
  if (after.phase !== 'settled' && after.phase !== 'deduplicated') return;
  state.verdicts.delete(after.id);
  if (after.phase === 'settled') noteSettled(state, event, { before, after, appendedAtMs });
}

function noteSettled(
  state: PartitionState, event: AnyEvent, change: Change & { readonly after: SettledJob },
): void {
  const { before, after, appendedAtMs } = change;
  const { webhook } = after;
  const underWay = webhook?.status === 'pending' && webhook.nextAtMs === null;
  if (underWay && event.type === 'WebhookDue') {
    const { endpointId } = webhook;
    state.deliveriesUnderWay.set(after.id, { endpointId, sinceMs: appendedAtMs });
  } else if (!underWay) {
    state.deliveriesUnderWay.delete(after.id);
  }
  if (before?.phase === 'settled') state.lateOutcomes += after.lateOutcomes - before.lateOutcomes;
  else release(state.idempotency, after);
}

function noteNews(state: PartitionState, event: AnyEvent, change: Change, news: FoldNews): void {
  const { before, after, appendedAtMs } = change;
  if (event.type === 'JobSubmitted') {
    const verdict = claim(state.idempotency, after.id, after.submitted, appendedAtMs);
    if (verdict === null) return;
    if (verdict.kind !== 'accepted') state.verdicts.set(after.id, verdict);
    else news.verdicts.push({ job: after, verdict });
  } else if (after.phase === 'deduplicated' && before?.phase !== 'deduplicated') {
    news.verdicts.push({ job: after, verdict: { kind: 'duplicate', of: after.of } });
  } else if (after.phase === 'settled' && before?.phase !== 'settled') {
    news.settled.push(after);
    if (after.error?.class === 'idempotency_mismatch') {
      news.verdicts.push({ job: after, verdict: { kind: 'mismatch', of: '' } });
    }
  } else if (after.phase === 'running' && after.cancelRequestedBy !== null) {
    // Asked now, or while the routing was on its way into the log.
    const asked = event.type === 'JobCancelRequested';
    if (asked || before?.phase !== 'running') news.cancels.push(after);
  }
}

/** A decision has arrived in the fold: it leaves the overlay. */
function settleDecision(state: PartitionState, event: AnyEvent, load: ProviderLoad): void {
  if (event.type === 'HoldWrittenOff' || event.type === 'HoldReconciled') {
    state.work?.holdsDeciding.delete(holdName(event.subject, event.data.routing));
    return;
  }
  const deciding = state.work?.deciding.get(event.subject);
  if (deciding?.draft.type !== event.type) return;
  state.work?.deciding.delete(event.subject);
  if (deciding.slot !== null) noteDeciding(load, deciding.slot, -1);
  if (state.work !== null) reserve(state.work.reserved, deciding.parts, -1n);
}

function learn(attempts: readonly AttemptRecord[], atMs: number, sides: FoldSides): void {
  for (const attempt of attempts) {
    learnFromAttempt(sides.load, attempt, atMs, sides.rulesFor(attempt.provider));
    const { outcome, usage, cost_pico_usd: cost } = attempt;
    if (outcome === 'succeeded' && usage !== null && cost === null) {
      noteUnpriced(sides.load, attempt, atMs);
    }
  }
}

/** What a complete answer without a bound of its client had is what the next may have. */
function learnLengths(
  state: PartitionState, job: JobState, attempts: readonly AttemptRecord[],
): void {
  for (const { outcome, usage } of attempts) {
    if (outcome !== 'succeeded' || usage === null) continue;
    learnLength(state.ledger.lengths, job, Math.ceil(usage.output_tokens / (job.submitted.answers ?? 1)));
  }
}

/** An outcome names every attempt of its routing again: each teaches once. */
function newAttempts(before: JobState | undefined, event: AnyEvent): readonly AttemptRecord[] {
  const named = attemptsIn(event);
  if (named.length === 0 || before === undefined || before.attempts.length === 0) return named;
  const known = new Set(before.attempts.map((attempt) => attempt.attempt_id));
  return named.filter((attempt) => !known.has(attempt.attempt_id));
}

function attemptsIn(event: AnyEvent): readonly AttemptRecord[] {
  if (event.type === 'AttemptFailed') return [event.data.attempt];
  if (event.type === 'AttemptAbandoned') {
    return event.data.attempt === null ? [] : [event.data.attempt];
  }
  const isEnd = event.type === 'JobSucceeded' || event.type === 'JobFailed'
    || event.type === 'JobCanceled' || event.type === 'JobExpired';
  return isEnd ? event.data.attempts : [];
}
