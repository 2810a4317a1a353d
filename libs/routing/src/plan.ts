// The plan of one job: an ordered list of candidates with a reason for each, or why there is none
// now. Pure: the same job, governance, load, time and seed give the same plan.
import type { Candidate, RoutingReason } from '@libs/events/job-events';
import { fallbackTargets, type ResolvedModel, resolveModel } from '@libs/governance/models';
import type { GovernanceState } from '@libs/governance/state';
import type { JobFacts } from '@libs/jobs/state';
import { type AbleTarget, candidateOf, screen } from './candidates';
import { holdFor } from './hold';
import { orderTargets } from './order-targets';
import { candidateState, type CandidateState, keyName, type ProviderLoad } from './provider-load';
import { type Draws, drawsOf, weightedOrder } from './seeded';

export interface PlanContext {
  readonly governance: GovernanceState;
  readonly load: ProviderLoad;
  readonly nowMs: number;
}

export interface Plan {
  readonly kind: 'plan';
  readonly plan: Candidate[];
  readonly fallbacksByClass: { context_too_long: Candidate[]; content_filtered: Candidate[] };
  readonly hold: { amount_pico_usd: string } | null;
  readonly reasons: RoutingReason[];
}

export type PlanResult =
  | Plan
  /** Not now: keys are full, or cool down until a time. Nothing is written to the log. */
  | { readonly kind: 'wait'; readonly untilMs: number | null }
  /** All keys cool down; nobody waits for the answer, so the job leaves the queue until then. */
  | { readonly kind: 'defer'; readonly untilMs: number; readonly reason: string }
  | {
      readonly kind: 'reject';
      readonly reason: 'no_such_model' | 'no_candidate' | 'not_allowed';
      readonly status: number;
      readonly message: string;
      readonly reasons: RoutingReason[];
    };

/** A plan longer than this would outlast any caller's patience. */
const planLengthMax = 8;
/** Keys of one provider in one plan: a second key helps against a 429, a third hardly. */
const keysPerTargetMax = 3;
/** A waiting caller rather waits this long for a key than gets a second 429. */
const syncWaitMaxMs = 10_000;

export function planFor(job: JobFacts, context: PlanContext, seed: number): PlanResult {
  const { governance } = context;
  const { model } = job.submitted;
  const resolution = resolveModel(governance, model);
  if (!resolution.ok) return noSuchModel(resolution.message);
  const { dropParams } = resolution;
  const main = screen(job, resolution.targets, { governance, dropParams });
  const extra = screen(job, extraTargets(job, governance, resolution), { governance, dropParams });
  const reasons = [...main.reasons, ...extra.reasons];
  if (main.able.length + extra.able.length === 0) {
    return noCandidate(model, reasons, main.notAllowed);
  }
  const draws = drawsOf(seed);
  const ordered = orderTargets(main.able, resolution.strategy, { job, context, draws });
  const look = lookAt([...ordered.targets, ...extra.able], context, draws);
  const able = demoteTried(job, look.open);
  if (able.length > 0) {
    const why = { first: ordered.reason, fallback: 'falls back after the ones before' };
    return planOf(job, context, able, { resolution, why, reasons: [...reasons, ...look.reasons] });
  }
  return notNow(job, context, look, { resolution, reasons });
}

interface Entry {
  readonly candidate: Candidate;
  readonly state: CandidateState;
}

interface Look {
  readonly open: Entry[];
  readonly closed: Entry[];
  readonly reasons: RoutingReason[];
}

interface PlanMaking {
  readonly resolution: ResolvedModel;
  readonly why: { readonly first: string; readonly fallback: string };
  readonly reasons: RoutingReason[];
}

/** Which keys may be called at this moment. */
function lookAt(targets: readonly AbleTarget[], context: PlanContext, draws: Draws): Look {
  const look: Look = { open: [], closed: [], reasons: [] };
  const seen = new Set<string>();
  for (const able of targets) {
    const { provider } = able.target;
    const keys = weightedOrder(able.keys, draws).slice(0, keysPerTargetMax);
    for (const key of keys) {
      const name = keyName(provider.provider, key.name);
      const place = `${name} ${able.target.model}`;
      if (seen.has(place)) continue;
      seen.add(place);
      const measured = { name, maxInFlight: key.max_in_flight };
      const entry: Entry = {
        candidate: candidateOf(context.governance, able, key),
        state: candidateState(context.load, measured, context.nowMs),
      };
      if (entry.state.kind === 'open') {
        look.open.push(entry);
      } else {
        look.closed.push(entry);
        look.reasons.push(reasonOf(entry.candidate, 'passed_over', closedBecause(entry.state)));
      }
    }
  }
  return look;
}

/** Candidates at which this job failed already come last, else it would hang at the same one. */
function demoteTried(job: JobFacts, open: readonly Entry[]): Entry[] {
  if (job.attempts.length === 0 || open.length < 2) return [...open];
  const tried = new Set(job.attempts
    .filter((attempt) => attempt.outcome !== 'succeeded')
    .map((attempt) => `${attempt.provider}/${attempt.model}`));
  const wasTried = ({ candidate }: Entry): boolean =>
    tried.has(`${candidate.provider}/${candidate.model}`);
  return [...open.filter((entry) => !wasTried(entry)), ...open.filter(wasTried)];
}

function planOf(
  job: JobFacts, context: PlanContext, entries: readonly Entry[], making: PlanMaking,
): Plan {
  const plan = entries.slice(0, planLengthMax).map((entry) => entry.candidate);
  const { resolution, why, reasons } = making;
  const fallbacksByClass = {
    context_too_long: byClass(job, context, resolution, 'context_too_long'),
    content_filtered: byClass(job, context, resolution, 'content_filter'),
  };
  const { prompt_tokens_estimate: promptTokens, max_output_tokens: maxOutput } = job.submitted;
  const all = [...plan, ...fallbacksByClass.context_too_long, ...fallbacksByClass.content_filtered];
  return {
    kind: 'plan',
    plan,
    fallbacksByClass,
    hold: holdFor(all, promptTokens, maxOutput),
    reasons: [
      ...plan.map((candidate, index) => index === 0
        ? reasonOf(candidate, 'chosen', why.first)
        : reasonOf(candidate, 'fallback', why.fallback)),
      ...reasons,
    ],
  };
}

/** No key can be called now. */
function notNow(
  job: JobFacts, context: PlanContext, look: Look,
  making: { readonly resolution: ResolvedModel; readonly reasons: RoutingReason[] },
): PlanResult {
  const cooling = look.closed.flatMap(({ state }) => state.kind === 'cooling' ? [state] : []);
  if (cooling.length < look.closed.length) {
    // A full key is freed by any end of a call; the queue looks again then.
    return { kind: 'wait', untilMs: earliest(cooling) };
  }
  const untilMs = earliest(cooling) ?? context.nowMs;
  if (job.submitted.mode === 'async') {
    return { kind: 'defer', untilMs, reason: 'every provider key that could serve it cools down' };
  }
  const patienceEndsMs = Math.min(job.submitted.deadline_at_ms, context.nowMs + syncWaitMaxMs);
  if (untilMs < patienceEndsMs) return { kind: 'wait', untilMs };
  const leastBad = [...look.closed].sort((a, b) => untilOf(a) - untilOf(b));
  return planOf(job, context, leastBad, {
    ...making,
    why: { first: 'every key cools down, this one ends first', fallback: 'cools down longer' },
  });
}

function extraTargets(
  job: JobFacts, governance: GovernanceState, resolution: ResolvedModel,
): ReturnType<typeof fallbackTargets> {
  const names = [...job.submitted.fallbacks, ...resolution.fallbacks.default];
  return names.length === 0 ? [] : fallbackTargets(governance, names);
}

function byClass(
  job: JobFacts, context: PlanContext, resolution: ResolvedModel,
  list: 'context_too_long' | 'content_filter',
): Candidate[] {
  const names = resolution.fallbacks[list];
  if (names.length === 0) return [];
  const { governance } = context;
  const targets = fallbackTargets(governance, names);
  const { able } = screen(job, targets, { governance, dropParams: resolution.dropParams });
  return able.flatMap((one) => {
    const key = one.keys[0];
    return key === undefined ? [] : [candidateOf(governance, one, key)];
  });
}

function earliest(cooling: readonly { readonly untilMs: number }[]): number | null {
  return cooling.length === 0 ? null : Math.min(...cooling.map(({ untilMs }) => untilMs));
}

function untilOf({ state }: Entry): number {
  return state.kind === 'cooling' ? state.untilMs : 0;
}

function closedBecause(state: CandidateState): string {
  switch (state.kind) {
    case 'open': return 'open';
    case 'saturated': return 'its max_in_flight is reached';
    case 'cooling': return `${state.why}, not before ${new Date(state.untilMs).toISOString()}`;
  }
}

function reasonOf(
  candidate: Candidate, verdict: RoutingReason['verdict'], reason: string,
): RoutingReason {
  const { provider, key, model } = candidate;
  return { provider, key, model, verdict, reason };
}

function noSuchModel(message: string): PlanResult {
  return { kind: 'reject', reason: 'no_such_model', status: 404, reasons: [], message };
}

function noCandidate(model: string, reasons: RoutingReason[], notAllowed: boolean): PlanResult {
  const why = [...new Set(reasons.map(({ provider, reason }) => `${provider}: ${reason}`))];
  return notAllowed
    ? { kind: 'reject', reason: 'not_allowed', status: 403, reasons,
        message: `this key may not use any provider of '${model}'` }
    : { kind: 'reject', reason: 'no_candidate', status: 400, reasons,
        message: `no provider can serve this request for '${model}' (${why.join('; ')})` };
}
