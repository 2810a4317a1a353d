// The plan of one job: an ordered list of candidates with a reason for each, or why there is none
// now. Pure: the same job, governance, load, time and seed give the same plan.
import type { Candidate, CandidateHealth, RoutingReason } from '@libs/events/job-events';
import type { RateLeft } from '@libs/events/limits';
import type { Strategy } from '@libs/events/routing-policy';
import { stoppedBy } from '@libs/governance/access';
import { type ResolvedModel, resolveModel } from '@libs/governance/models';
import type { GovernanceState } from '@libs/governance/state';
import { continuingOf } from '@libs/jobs/continuing';
import type { JobFacts } from '@libs/jobs/state';
import { type AbleTarget, candidateOf, fitting, screen } from './candidates';
import { onlyContinuing } from './continue-plan';
import { hedgeFor } from './hedge';
import { expectedOf, holdFor } from './hold';
import { boundedBy, estimateFor } from './ledger/output-lengths';
import { withinLimits, type LimitsContext, type OverLimit } from './ledger/within-limits';
import { type ClosedEntry, type Look, lookAtTargets, type OpenTarget } from './look-at-targets';
import { orderTargets, type Ordered, short } from './order-targets';
import { byClass, extraTargets } from './plan-fallbacks';
import {
  cannotContinue, noCandidate, noSuchModel, type PlanRefusal, priceUnknown, suspendedNow,
} from './plan-refusals';
import type { ProviderLoad } from './provider-load';
import { meetRules, type RuleMet } from './route-rules';
import { type Draws, drawsOf, weightedOrder } from './seeded';
import { onlyPriced } from './unknown-price';

export interface PlanContext {
  readonly governance: GovernanceState;
  readonly load: ProviderLoad;
  readonly nowMs: number;
  /** The ledger of the job's partition; absent: nothing is bounded (a simulation). */
  readonly limits?: LimitsContext;
  /** false: for decisions of routers that did not learn from the lengths of answers. */
  readonly learnsLengths?: boolean;
}

/** What a routing is made of, and how it came about. */
export interface Plan {
  readonly kind: 'plan';
  readonly plan: Candidate[];
  readonly fallbacksByClass: { context_too_long: Candidate[]; content_filtered: Candidate[] };
  readonly hold: { amount_pico_usd: string } | null;
  /** What the output was taken for, where the request names no bound. */
  readonly outputEstimate?: number;
  readonly reasons: RoutingReason[];
  readonly strategy: Strategy;
  readonly rule: string | null;
  readonly overlay: Readonly<Record<string, number>>;
  readonly reserved: string[];
  readonly rates: readonly RateLeft[];
  readonly hedge: { readonly after_ms: number; readonly candidate: number } | null;
  readonly retries: { readonly same_target: number; readonly attempts_max: number } | null;
  readonly continueOnBreak: boolean;
}

export type PlanResult =
  | Plan
  /** Not now: keys are full, or cool down until a time. Nothing is written to the log. */
  | { readonly kind: 'wait'; readonly untilMs: number | null }
  /** All keys cool down; nobody waits for the answer, so the job leaves the queue until then. */
  | {
      readonly kind: 'defer'; readonly untilMs: number; readonly reason: string;
      readonly reserved?: never;
    }
  | PlanRefusal
  | OverLimit;

/** A plan longer than this would outlast any caller's patience. */
const planLengthMax = 8;
/** Keys of one provider in one plan: a second key helps against a 429, a third hardly. */
const keysPerTargetMax = 3;
/** A waiting caller rather waits this long for a key than gets a second 429. */
const syncWaitMaxMs = 10_000;
/** Reasons for what was passed over, in one routing: the log holds thousands of them. */
const passedOverMax = 24;

export function planFor(job: JobFacts, context: PlanContext, seed: number): PlanResult {
  const { governance } = context;
  const { model, fallbacks, team, key, mode } = job.submitted;
  const stopped = stoppedBy(governance, { tenant: job.tenant, team, key });
  if (stopped !== null) {
    return mode === 'async' ? { kind: 'wait', untilMs: null } : suspendedNow(stopped);
  }
  const resolution = resolveModel(governance, model);
  if (!resolution.ok) return noSuchModel(resolution.message);
  const { dropParams } = resolution;
  const met = meetRules(job, resolution, governance);
  const main = onlyContinuing(job, screen(job, met.targets, {
    governance, dropParams, name: `${model}\n${met.rule ?? ''}`,
  }));
  const extra = onlyContinuing(job, screen(job, extraTargets(job, governance, resolution), {
    governance, dropParams, name: `fallbacks of ${model}\n${fallbacks.join('\n')}`,
  }));
  const fit = fitting(job, main.able);
  const reasons = [...main.reasons, ...fit.reasons, ...extra.reasons];
  if (main.able.length + extra.able.length === 0) {
    if (continuingOf(job) !== null) return cannotContinue(reasons);
    return noCandidate(model, reasons, main.notAllowed);
  }
  const draws = drawsOf(seed);
  const look = lookAtTargets(job, fit.able, context);
  const ordered = orderTargets(met.strategy, {
    job, context, draws, look, most: planLengthMax, able: fit.able,
  });
  const behind = lookBehind(job, extra.able, look, context);
  const making: Making = { job, context, resolution, met, look: behind.all, draws, reasons, seed };
  const entries = entriesOf([...ordered.targets, ...behind.open], ordered, making);
  return entries.length > 0 ? planOf(demoteTried(job, entries), making) : notNow(making);
}

interface Entry {
  readonly candidate: Candidate;
  readonly reason: Omit<RoutingReason, 'provider' | 'key' | 'model' | 'verdict'>;
}

interface Making {
  readonly job: JobFacts;
  readonly context: PlanContext;
  readonly resolution: ResolvedModel;
  readonly met: RuleMet;
  readonly look: Look;
  readonly draws: Draws;
  /** Of what cannot serve the job. */
  readonly reasons: readonly RoutingReason[];
  readonly seed: number;
}

/** Fallbacks come behind in their order; those that are targets of the route were looked at. */
function lookBehind(
  job: JobFacts, extra: readonly AbleTarget[], look: Look, context: PlanContext,
): { readonly open: readonly OpenTarget[]; readonly all: Look } {
  if (extra.length === 0) return { open: [], all: look };
  const known = new Set([...look.open, ...look.closed].map(({ able }) => able.name));
  const behind = lookAtTargets(job, extra.filter((able) => !known.has(able.name)), context);
  return {
    open: behind.open,
    all: {
      open: [...look.open, ...behind.open], closed: [...look.closed, ...behind.closed],
      overlay: Object.assign(look.overlay, behind.overlay),
    },
  };
}

function entriesOf(targets: readonly OpenTarget[], ordered: Ordered, making: Making): Entry[] {
  const { context, draws } = making;
  const entries: Entry[] = [];
  for (const target of targets) {
    for (const key of weightedOrder(target.keys, draws, keysPerTargetMax)) {
      if (entries.length === planLengthMax) return entries;
      const { kind, why } = target.condition;
      const score = ordered.scores.get(target);
      const isFirst = entries.length === 0;
      const placed = isFirst ? ordered.reason : 'falls back after the ones before';
      entries.push({
        candidate: candidateOf(context.governance, target.able, key),
        reason: {
          reason: kind === 'healthy' ? placed : `${placed}; ${why}`,
          ...(kind === 'healthy' ? {} : { health: kind }),
          ...(score === undefined ? {} : { score: short(score) }),
        },
      });
    }
  }
  return entries;
}

/** Candidates at which this job failed already come last, else it would hang at the same one. */
function demoteTried(job: JobFacts, entries: Entry[]): Entry[] {
  if (job.attempts.length === 0 || entries.length < 2) return entries;
  const tried = new Set(job.attempts
    .filter((attempt) => attempt.outcome !== 'succeeded')
    .map((attempt) => `${attempt.provider}/${attempt.model}`));
  const wasTried = ({ candidate }: Entry): boolean =>
    tried.has(`${candidate.provider}/${candidate.model}`);
  return [...entries.filter((entry) => !wasTried(entry)), ...entries.filter(wasTried)];
}

function planOf(able: readonly Entry[], making: Making): PlanResult {
  const { context, resolution, met, look, seed } = making;
  const priced = onlyPriced(able, context.governance);
  if (priced.entries.length === 0) return priceUnknown(making.job.submitted.model, priced.reasons);
  const outputEstimate = estimateFor(making.job, priced.entries, context);
  const job = boundedBy(making.job, outputEstimate);
  const within = withinLimits(job, priced.entries, context);
  if (within.kind !== 'within') return within;
  const { entries } = within;
  const reasons = [...within.reasons, ...priced.reasons, ...making.reasons];
  const fits = (candidate: Candidate): boolean => priced.mayCall(candidate) && within.fits(candidate);
  const plan = entries.map((entry) => entry.candidate);
  const fallbacksByClass = {
    context_too_long: byClass(job, context, resolution, 'context_too_long').filter(fits),
    content_filtered: byClass(job, context, resolution, 'content_filter').filter(fits),
  };
  const all = [...plan, ...fallbacksByClass.context_too_long, ...fallbacksByClass.content_filtered];
  // Two calls cannot both go on with one stream, nor be made where a budget has room for one.
  const mayHedge = continuingOf(job) === null && resolution.hedge !== null && within.fitTwice(all);
  const hedging = mayHedge ? resolution.hedge : null;
  const hedge = hedgeFor(job, plan, { hedging, load: context.load, seed });
  return {
    kind: 'plan',
    plan,
    fallbacksByClass,
    hold: holdFor(all, expectedOf(job), hedge === null ? 1 : 2),
    ...(outputEstimate === undefined ? {} : { outputEstimate }),
    reasons: [
      ...entries.map(({ candidate, reason }, index): RoutingReason => ({
        ...named(candidate), verdict: index === 0 ? 'chosen' : 'fallback', ...reason,
      })),
      ...reasons.slice(0, passedOverMax),
      ...passedOver(entries, look),
    ],
    strategy: met.strategy,
    rule: met.rule,
    overlay: look.overlay,
    reserved: within.reserved,
    rates: within.rates(hedge === null ? 1 : 2),
    hedge,
    retries: resolution.retries,
    continueOnBreak: resolution.continueOnBreak && job.submitted.mode === 'stream',
  };
}

function passedOver(entries: readonly Entry[], look: Look): RoutingReason[] {
  const planned = new Set(entries.map(({ candidate }) =>
    `${candidate.provider}/${candidate.key} ${candidate.model}`));
  return look.closed
    .filter(({ able, key }) => !planned.has(`${key.name} ${able.target.model}`))
    .slice(0, passedOverMax)
    .map(({ able, key, health, why }) => ({
      provider: able.target.provider.provider, key: key.config.name, model: able.target.model,
      verdict: 'passed_over', reason: why, health,
    }));
}

/** No key can be called now. */
function notNow(making: Making): PlanResult {
  const { job, context, look: { closed } } = making;
  const untilMs = earliest(closed);
  // A full key is freed by any end of a call; the queue looks again then.
  if (closed.some(({ health }) => health === 'saturated')) return { kind: 'wait', untilMs };
  if (job.submitted.mode === 'async') {
    // A breaker closes call by call: its queue waits here, else every job of it would be deferred
    // anew, in the log, with each call that fails.
    if (closed.some(({ health }) => health === 'open' || health === 'half_open')) {
      return { kind: 'wait', untilMs };
    }
    return {
      kind: 'defer', untilMs: Math.max(untilMs ?? 0, context.nowMs + 1),
      reason: `no provider key that could serve it may be called now (${summary(closed)})`,
    };
  }
  const patienceEndsMs = Math.min(job.submitted.deadline_at_ms, context.nowMs + syncWaitMaxMs);
  const soonestMs = earliest(closed.filter(({ health }) => health === 'cooling' || health === 'paced'));
  if (soonestMs !== null && soonestMs < patienceEndsMs) return { kind: 'wait', untilMs: soonestMs };
  return planOf(leastBad(closed, context.governance), making);
}

const badness: Readonly<Record<CandidateHealth, number>> = {
  healthy: 0, degraded: 0, open: 0, half_open: 0, saturated: 1, paced: 1, cooling: 2, disabled: 3,
};

/** The pool is never empty: for who waits, the one that most likely answers is called all the same. */
function leastBad(closed: readonly ClosedEntry[], governance: GovernanceState): Entry[] {
  return [...closed]
    .sort((a, b) => badness[a.health] - badness[b.health] || (a.untilMs ?? 0) - (b.untilMs ?? 0))
    .slice(0, planLengthMax)
    .map(({ able, key, health, why }) => ({
      candidate: candidateOf(governance, able, key),
      reason: { reason: `none is free, the least bad is tried; ${why}`, health },
    }));
}

function earliest(closed: readonly ClosedEntry[]): number | null {
  const times = closed.flatMap(({ untilMs }) => untilMs === null ? [] : [untilMs]);
  return times.length === 0 ? null : Math.min(...times);
}

function summary(closed: readonly ClosedEntry[]): string {
  return closed.slice(0, 4)
    .map(({ key, health }) => `${key.name} ${health}`)
    .join(', ');
}

function named({ provider, key, model }: Candidate): Pick<Candidate, 'provider' | 'key' | 'model'> {
  return { provider, key, model };
}
