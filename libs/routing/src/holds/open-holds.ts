// Holds of a partition whose call's end nobody learned, in the order in which they became so, and what
// operators asked about them. A part of the fold: it follows from the jobs' states, and outlives their
// place in memory.
import type { AnyEvent, HoldfastEvent } from '@libs/events/envelope';
import type { HoldReconcileRequested } from '@libs/events/hold-events';
import type { Refusal } from '@libs/jobs/commands';
import { decideRouting } from '@libs/jobs/decide-routing';
import type { JobState } from '@libs/jobs/state';

export interface OpenHold {
  readonly job: string;
  readonly routing: number;
  /** The log's time since when its end is unknown. */
  readonly sinceMs: number;
}

export interface HoldRequest {
  readonly job: string;
  readonly asked: HoldReconcileRequested;
}

/** What became of a request. */
export type HoldVerdict =
  | { readonly kind: 'written_off'; readonly releasedPicoUsd: string | null }
  | {
      readonly kind: 'settled'; readonly releasedPicoUsd: string | null;
      readonly costPicoUsd: string;
    }
  | { readonly kind: 'refused'; readonly reason: Refusal };

export interface Holds {
  /** By `job/routing`, the oldest first: what is due by policy stands in front. */
  readonly open: Map<string, OpenHold>;
  /** How many of them each job has. */
  readonly openOf: Map<string, number>;
  /** Jobs of which one was written off or settled by a bill, and when the last was. */
  readonly closedAt: Map<string, number>;
  /** By the id of its event; asked and not answered. */
  readonly requests: Map<string, HoldRequest>;
  /** The last ones answered, for who asked. */
  readonly verdicts: Map<string, HoldVerdict>;
}

/**
 * How long a job is remembered after a hold of it was closed without its own word: bills come once a
 * month, and some days later.
 */
const closedKeptMs = 40 * 86_400_000;
/** About 2 KB each. */
const closedKeptMax = 20_000;
/** Whoever asked looks within seconds. */
const verdictsMax = 1_000;

export function newHolds(): Holds {
  return {
    open: new Map(), openOf: new Map(), closedAt: new Map(), requests: new Map(), verdicts: new Map(),
  };
}

export function holdName(job: string, routing: number): string {
  return `${job}/${routing}`;
}

/** A hold of the job is open, or was closed not long ago: what comes late still finds it. */
export function isRemembered({ openOf, closedAt }: Holds, job: string): boolean {
  return openOf.has(job) || closedAt.has(job);
}

/** After `event` brought the job from one state to another, which may be the same. */
export function followHolds(
  holds: Holds, event: AnyEvent,
  { before, after, appendedAtMs }: {
    readonly before: JobState | undefined; readonly after: JobState; readonly appendedAtMs: number;
  },
): void {
  const was = before === undefined ? 0 : before.unknownRoutings.length;
  const decided = event.type === 'HoldWrittenOff' || event.type === 'HoldReconciled';
  if (was === 0 && after.unknownRoutings.length === 0 && !decided) return;
  for (const { routing, writtenOff } of before?.unknownRoutings ?? []) {
    if (!writtenOff && !isOpen(after, routing)) closeHold(holds, after.id, routing);
  }
  for (const { routing, writtenOff } of after.unknownRoutings) {
    if (!writtenOff) openHold(holds, { job: after.id, routing, sinceMs: appendedAtMs });
  }
  if (decided) noteDecided(holds, event, { before, after, appendedAtMs });
  for (const [id, { job, asked }] of holds.requests) {
    if (job !== after.id) continue;
    const reason = refusalOf(after, asked);
    if (reason !== null) answer(holds, id, { kind: 'refused', reason });
  }
}

/** A request that cannot be met at its place of the log is answered there. */
export function noteHoldRequest(
  holds: Holds, event: HoldfastEvent<'HoldReconcileRequested'>, job: JobState | undefined,
): void {
  const { id, subject, data: asked } = event;
  if (holds.requests.has(id) || holds.verdicts.has(id)) return;
  const reason = refusalOf(job, asked);
  if (reason === null) holds.requests.set(id, { job: subject, asked });
  else answer(holds, id, { kind: 'refused', reason });
}

/** Why what is asked of a hold cannot be done now; null: it can. */
export function refusalOf(job: JobState | undefined, asked: HoldReconcileRequested): Refusal | null {
  if (job === undefined) return 'no_such_job';
  const decision = decideRouting(job, { type: 'AnswerHold', asked, request: '', seen: 0, nowMs: 0 });
  return decision.ok ? null : decision.reason;
}

/** Jobs that need not be remembered for closed holds any more. */
export function forgetClosed({ closedAt }: Holds, logTimeMs: number): string[] {
  const gone: string[] = [];
  for (const [job, atMs] of closedAt) {
    if (closedAt.size <= closedKeptMax && atMs > logTimeMs - closedKeptMs) break;
    closedAt.delete(job);
    gone.push(job);
  }
  return gone;
}

function isOpen(job: JobState, routing: number): boolean {
  return job.unknownRoutings.some((entry) => entry.routing === routing && !entry.writtenOff);
}

function openHold(holds: Holds, hold: OpenHold): void {
  const name = holdName(hold.job, hold.routing);
  if (holds.open.has(name)) return;
  holds.open.set(name, hold);
  holds.openOf.set(hold.job, (holds.openOf.get(hold.job) ?? 0) + 1);
}

function closeHold(holds: Holds, job: string, routing: number): void {
  if (!holds.open.delete(holdName(job, routing))) return;
  const left = (holds.openOf.get(job) ?? 0) - 1;
  if (left > 0) holds.openOf.set(job, left);
  else holds.openOf.delete(job);
}

/** It counts only if the hold was there: a word of the call itself may have come before. */
function noteDecided(
  holds: Holds, event: HoldfastEvent<'HoldWrittenOff'> | HoldfastEvent<'HoldReconciled'>,
  { before, after, appendedAtMs }: {
    readonly before: JobState | undefined; readonly after: JobState; readonly appendedAtMs: number;
  },
): void {
  const { routing, request, amount_pico_usd: releasedPicoUsd = null } = event.data;
  const counts = event.type === 'HoldWrittenOff'
    ? before !== undefined && isOpen(before, routing) : before !== after;
  if (counts) {
    holds.closedAt.delete(after.id);
    holds.closedAt.set(after.id, appendedAtMs);
  }
  if (request === undefined) return;
  answer(holds, request, !counts ? { kind: 'refused', reason: 'hold_closed' }
    : event.type === 'HoldWrittenOff' ? { kind: 'written_off', releasedPicoUsd }
      : { kind: 'settled', releasedPicoUsd, costPicoUsd: event.data.cost_pico_usd });
}

function answer({ requests, verdicts }: Holds, request: string, verdict: HoldVerdict): void {
  requests.delete(request);
  verdicts.set(request, verdict);
  for (const id of verdicts.keys()) {
    if (verdicts.size <= verdictsMax) return;
    verdicts.delete(id);
  }
}
