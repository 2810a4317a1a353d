// Whether a routing fits what bounds its key, team and customer: first the rates, then the money over
// every candidate. What is too dear leaves the plan; when nothing is left, the bound that was met says
// why. Pure: ledger, overlay and time give the same answer whenever it is asked again.
import type { UnknownPricePolicy } from '@libs/events/governance-events';
import type { Candidate, RoutingReason } from '@libs/events/job-events';
import type { LimitMet, RateLeft } from '@libs/events/limits';
import { limitsOf } from '@libs/governance/limits';
import type { GovernanceState } from '@libs/governance/state';
import type { JobFacts } from '@libs/jobs/state';
import { unpriced } from '../unknown-price';
import { type Bound, boundsOf, countsCall, countsRequest, limitAt } from './bounds';
import { leavesAtMs, type Ledger, sumOf } from './ledger';
import { messageOfBudget, messageOfRate, unpricedMessage, usdShort } from './limit-messages';
import { costAtWorst, tokensOf } from './parts';
import { type RateTaken, ratesLeft } from './rates-left';
import { reservedText } from './reserved';
import { slotAt, slotEndsMs } from './windows';

export interface LimitsContext {
  readonly ledger: Ledger;
  readonly reserved: ReadonlyMap<string, bigint>;
}

export type OverLimit =
  | { readonly kind: 'wait'; readonly untilMs: number | null }
  | {
      readonly kind: 'defer'; readonly untilMs: number; readonly reason: string;
      readonly reserved: string[];
    }
  | {
      readonly kind: 'reject'; readonly reason: 'budget_exceeded' | 'rate_limited';
      readonly status: number; readonly message: string; readonly reasons: RoutingReason[];
      readonly limit?: LimitMet; readonly retryAfterS?: number;
    };

export interface Within<E> {
  readonly kind: 'within';
  readonly entries: readonly E[];
  /** Of what was too dear. */
  readonly reasons: readonly RoutingReason[];
  readonly fits: (candidate: Candidate) => boolean;
  /** Whether two calls at the same time may be made of these. */
  readonly fitTwice: (candidates: readonly Candidate[]) => boolean;
  readonly reserved: string[];
  /** What the rate limits have left when so many calls of it are made. */
  readonly rates: (calls: 1 | 2) => readonly RateLeft[];
}

interface Asked {
  readonly job: JobFacts;
  readonly bounds: readonly Bound[];
  /** Of the bounds, at this time. */
  readonly limitOf: readonly bigint[];
  readonly limits: LimitsContext;
  readonly nowMs: number;
  readonly unknownPrice: UnknownPricePolicy;
  /** What counts against each bound already: in the ledger, and decided and not folded yet. */
  readonly taken: readonly bigint[];
}

/** A place among those under way may be free at any moment. */
const concurrentRetryS = 1;
/**
 * For a short window jobs wait in the queue, where their lane is tried with its first one: deferred,
 * each of them would stand in the log again with every slot that leaves.
 */
const waitsInQueueMs = 60_000;

/** Of a job, what says which bounds it has. */
export interface AskedBy {
  readonly tenant: string;
  readonly submitted: Pick<JobFacts['submitted'], 'team' | 'key' | 'model'>;
}

export function jobBounds(
  { tenant, submitted: { team, key, model } }: AskedBy, governance: GovernanceState,
): readonly Bound[] {
  const limits = limitsOf(governance, { tenant, team, key });
  if (limits.length === 0) return [];
  return boundsOf(limits).filter((bound) => countsRequest(bound, model));
}

export function withinLimits<E extends { readonly candidate: Candidate }>(
  job: JobFacts, entries: readonly E[],
  context: {
    readonly governance: GovernanceState; readonly nowMs: number; readonly limits?: LimitsContext;
  },
): Within<E> | OverLimit {
  const { governance, nowMs, limits } = context;
  const bounds = limits === undefined ? [] : jobBounds(job, governance);
  if (limits === undefined || bounds.length === 0) return unbounded(entries);
  const taken = bounds.map(({ account }) => takenOf(account, limits, nowMs));
  const limitOf = bounds.map((bound) => limitAt(bound, nowMs));
  const { unknownPrice } = governance;
  const asked: Asked = { job, bounds, limitOf, limits, nowMs, taken, unknownPrice };
  const rate = bounds.findIndex((bound, at) => !fitsRate(bound, at, asked, 1n));
  if (rate >= 0) return overRate(rate, asked);
  const kept = entries.filter(({ candidate }) => tooDear(candidate, asked, 1n) === null);
  if (kept.length === 0) return overBudget(entries, asked);
  return {
    kind: 'within',
    entries: kept,
    reasons: kept.length === entries.length ? [] : entries.flatMap(({ candidate }) =>
      reasonOf(candidate, asked)),
    fits: (candidate) => tooDear(candidate, asked, 1n) === null,
    fitTwice: (candidates) => bounds.every((bound, at) => fitsRate(bound, at, asked, 2n))
      && candidates.every((candidate) => tooDear(candidate, asked, 2n) === null),
    reserved: reservedText(limits.reserved, bounds),
    rates: (calls) => leftAfter(asked, BigInt(calls)),
  };
}

/** What the rate limits that bound a job have left; empty where none does. */
export function ratesNow(
  job: AskedBy, governance: GovernanceState, limits: LimitsContext, nowMs: number,
): readonly RateLeft[] {
  const bounds = jobBounds(job, governance);
  if (bounds.length === 0) return [];
  return ratesLeft(bounds.map((bound): RateTaken =>
    ({ bound, taken: takenOf(bound.account, limits, nowMs) })), nowMs);
}

function leftAfter(asked: Asked, calls: bigint): readonly RateLeft[] {
  return ratesLeft(asked.bounds.map((bound, at): RateTaken => ({
    bound, taken: (asked.taken[at] as bigint) + needOfRate(bound, asked, calls),
  })), asked.nowMs);
}

function unbounded<E>(entries: readonly E[]): Within<E> {
  return {
    kind: 'within', entries, reasons: [], fits: () => true, fitTwice: () => true, reserved: [],
    rates: () => [],
  };
}

function takenOf(account: string, { ledger, reserved }: LimitsContext, nowMs: number): bigint {
  const { spent, held } = sumOf(ledger, account, nowMs);
  return spent + held + (reserved.get(account) ?? 0n);
}

function needOfRate({ kind }: Bound, { job }: Asked, calls: bigint): bigint {
  switch (kind) {
    case 'budget': return 0n;
    case 'tokens': case 'input_tokens': case 'output_tokens': return tokensOf(job, kind) * calls;
    case 'requests': return job.routings === 0 ? 1n : 0n;
    case 'concurrent': return 1n;
  }
}

function fitsRate(bound: Bound, at: number, asked: Asked, calls: bigint): boolean {
  const need = needOfRate(bound, asked, calls);
  return need === 0n || (asked.taken[at] as bigint) + need <= (asked.limitOf[at] as bigint);
}

interface TooDear {
  /** Which of the bounds. */
  readonly at: number;
  /** null: the price is not known. */
  readonly need: bigint | null;
}

/** The first budget that a candidate does not fit into; null: it fits all. */
function tooDear(candidate: Candidate, asked: Asked, calls: bigint): TooDear | null {
  const cost = costAtWorst(candidate, asked.job);
  // Allowed by policy: nothing can be held for it.
  if (cost === null && asked.unknownPrice === 'allow') return null;
  const need = cost === null ? null : cost * calls;
  for (const [at, bound] of asked.bounds.entries()) {
    if (bound.kind !== 'budget' || bound.soft) continue;
    if (!countsCall(bound, candidate, asked.job.submitted.model)) continue;
    const limit = asked.limitOf[at] as bigint;
    if (need === null || (asked.taken[at] as bigint) + need > limit) return { at, need };
  }
  return null;
}

function reasonOf(candidate: Candidate, asked: Asked): RoutingReason[] {
  const found = tooDear(candidate, asked, 1n);
  if (found === null) return [];
  const { at, need } = found;
  const bound = asked.bounds[at] as Bound;
  const reason = need === null ? `${unpriced}, and a budget bounds this request`
    : `may cost ${usdShort(need)} USD, more than is left of the budget of ${bound.level} ${bound.id}`;
  const { provider, key, model } = candidate;
  return [{ provider, key, model, verdict: 'passed_over', reason }];
}

function overRate(at: number, asked: Asked): OverLimit {
  const { job, nowMs } = asked;
  const need = needOfRate(asked.bounds[at] as Bound, asked, 1n);
  const met = metLimit(at, need, asked);
  const untilMs = met.resets_at_ms;
  const never = need > (asked.limitOf[at] as bigint);
  if (job.submitted.mode === 'async' && !never) return { kind: 'wait', untilMs };
  const retryAfterS = untilMs === null ? concurrentRetryS
    : Math.max(1, Math.ceil((untilMs - nowMs) / 1000));
  return {
    kind: 'reject', reason: 'rate_limited', status: 429, reasons: [], limit: met,
    message: messageOfRate(met, need), ...(never ? {} : { retryAfterS }),
  };
}

/** By the cheapest candidate: what would have to be there for anything to be called. */
function overBudget(
  entries: readonly { readonly candidate: Candidate }[], asked: Asked,
): OverLimit {
  const reasons = entries.flatMap(({ candidate }) => reasonOf(candidate, asked));
  let least: { readonly at: number; readonly need: bigint } | null = null;
  for (const { candidate } of entries) {
    const found = tooDear(candidate, asked, 1n);
    if (found === null || found.need === null) continue;
    if (least === null || found.need < least.need) least = { at: found.at, need: found.need };
  }
  if (least === null) {
    const message = unpricedMessage(entries.map(({ candidate }) => candidate));
    return { kind: 'reject', reason: 'budget_exceeded', status: 402, message, reasons };
  }
  const { at, need } = least;
  const met = metLimit(at, need, asked);
  const limit = asked.limitOf[at] as bigint;
  const message = messageOfBudget(met, need);
  const { mode, over_budget: wanted } = asked.job.submitted;
  if (mode === 'async' && wanted === 'wait' && need <= limit) {
    const { resets_at_ms: untilMs } = met;
    // What stands in the way is only held: it is looked at again whenever a call ends.
    if (BigInt(met.spent) + need <= limit) return { kind: 'wait', untilMs };
    const isSoon = untilMs !== null && untilMs - asked.nowMs <= waitsInQueueMs;
    if (isSoon) return { kind: 'wait', untilMs };
    if (untilMs !== null && untilMs > asked.nowMs) {
      const reserved = reservedText(asked.limits.reserved, asked.bounds);
      return { kind: 'defer', untilMs, reason: message, reserved };
    }
  }
  return { kind: 'reject', reason: 'budget_exceeded', status: 402, message, reasons, limit: met };
}

function metLimit(at: number, need: bigint, asked: Asked): LimitMet {
  const { limits: { ledger, reserved }, nowMs } = asked;
  const [bound, limit] = [asked.bounds[at] as Bound, asked.limitOf[at] as bigint];
  const { kind, level, id, window, account } = bound;
  const { spent, held } = sumOf(ledger, account, nowMs);
  const waiting = reserved.get(account) ?? 0n;
  const excess = spent + held + waiting + need - limit;
  const resetsAtMs = need > limit ? null
    : leavesAtMs(ledger, account, { excess, nowMs })
      // What is decided and not folded yet is about to be booked in the slot of now.
      ?? (waiting > 0n ? slotEndsMs(bound, slotAt(bound, nowMs)) : null);
  return {
    kind, level, id, window, limit: String(limit), spent: String(spent),
    held: String(held + waiting), resets_at_ms: resetsAtMs,
    ...(kind === 'budget' && need <= limit ? { account } : {}),
  };
}
