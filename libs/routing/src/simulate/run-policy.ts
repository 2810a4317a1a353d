// Runs a routing policy over past requests: the same planner and the same health as the router's, over
// providers that behave as they did. A discrete-event simulation: requests arrive when they did, calls
// end when such calls ended.
import type { AttemptRecord } from '@libs/events/attempts';
import type { Candidate } from '@libs/events/job-events';
import { costOf } from '@libs/governance/cost';
import type { GovernanceState } from '@libs/governance/state';
import type { JobFacts } from '@libs/jobs/state';
import { meaningOf } from '../health/error-meaning';
import { learnFromAttempt } from '../health/learn';
import { rulesOf } from '../health/rules';
import { planFor } from '../plan';
import { newProviderLoad, noteDeciding, placeOf, type ProviderLoad } from '../provider-load';
import { type Draws, drawsOf, seedOf } from '../seeded';
import { attemptLike, type ProviderPast } from './provider-past';
import { newSchedule, next, type Schedule, schedule } from './schedule';

export interface SimulatedRequest {
  readonly answered: boolean;
  /** ms from its arrival to its end. */
  readonly latencyMs: number;
  readonly calls: number;
  /** Of calls whose cost is known. */
  readonly costPicoUsd: bigint;
  readonly provider: string | null;
}

export interface PolicyRun {
  readonly requests: readonly SimulatedRequest[];
  /** Calls planned at targets of which the past knows nothing: they count as failed. */
  readonly unknownTargets: ReadonlyMap<string, number>;
}

interface Simulation {
  readonly governance: GovernanceState;
  readonly load: ProviderLoad;
  readonly past: ProviderPast;
  readonly schedule: Schedule;
  readonly requests: SimulatedRequest[];
  readonly unknownTargets: Map<string, number>;
}

/** One request on its way. */
interface Flight {
  readonly job: JobFacts;
  readonly arrivedAtMs: number;
  readonly draws: Draws;
  attempts: readonly AttemptRecord[];
  calls: number;
  cost: bigint;
}

/** A plan without a time of its own is looked at again then. */
const lookAgainMs = 50;
/** Routings of one request after the first: as many as abandonments end in a dead letter. */
const routingsMax = 6;

/** `jobs` in the order of their submission. */
export function runPolicy(
  governance: GovernanceState, past: ProviderPast, jobs: readonly JobFacts[],
): PolicyRun {
  const simulation: Simulation = {
    governance, past, load: newProviderLoad(), schedule: newSchedule(), requests: [],
    unknownTargets: new Map(),
  };
  for (const job of jobs) {
    const flight: Flight = {
      job, arrivedAtMs: job.submittedAtMs, draws: drawsOf(seedOf(job.id, 0)), attempts: [], calls: 0,
      cost: 0n,
    };
    schedule(simulation.schedule, job.submittedAtMs, (nowMs) => route(simulation, flight, 1, nowMs));
  }
  for (let event = next(simulation.schedule); event !== null; event = next(simulation.schedule)) {
    event.run(event.atMs);
  }
  return { requests: simulation.requests, unknownTargets: simulation.unknownTargets };
}

function route(simulation: Simulation, flight: Flight, routing: number, nowMs: number): void {
  const { governance, load } = simulation;
  const deadlineMs = flight.job.submitted.deadline_at_ms;
  if (nowMs >= deadlineMs || routing > routingsMax) { end(simulation, flight, null, nowMs); return; }
  const job = { ...flight.job, attempts: flight.attempts, routings: routing - 1 };
  const result = planFor(job, { governance, load, nowMs }, seedOf(job.id, routing));
  if (result.kind === 'reject') { end(simulation, flight, null, nowMs); return; }
  if (result.kind === 'plan') { walk(simulation, flight, { plan: result.plan, at: 0, routing }, nowMs); return; }
  const againMs = Math.max(result.untilMs ?? 0, nowMs + lookAgainMs);
  schedule(simulation.schedule, Math.min(againMs, deadlineMs), (atMs) =>
    route(simulation, flight, routing, atMs));
}

interface Walk {
  readonly plan: readonly Candidate[];
  readonly at: number;
  readonly routing: number;
}

function walk(simulation: Simulation, flight: Flight, { plan, at, routing }: Walk, nowMs: number): void {
  const { past, load, unknownTargets } = simulation;
  const candidate = plan[at];
  if (candidate === undefined) { exhausted(simulation, flight, routing, nowMs); return; }
  const seen = attemptLike(past, candidate, nowMs, flight.draws);
  if (seen === null) {
    const name = `${candidate.provider}/${candidate.model}`;
    unknownTargets.set(name, (unknownTargets.get(name) ?? 0) + 1);
    walk(simulation, flight, { plan, at: at + 1, routing }, nowMs);
    return;
  }
  flight.calls += 1;
  const place = placeOf(candidate);
  noteDeciding(load, place, 1);
  schedule(simulation.schedule, nowMs + seen.duration_ms, (atMs) => {
    noteDeciding(load, place, -1);
    const attempt = asAt(seen, candidate, { startedAtMs: nowMs, routing });
    flight.attempts = [...flight.attempts, attempt];
    flight.cost += BigInt(costOf(attempt.usage, candidate.price) ?? '0');
    const rules = rulesOf(simulation.governance.providers.get(candidate.provider)?.health);
    learnFromAttempt(load, attempt, atMs, rules);
    afterCall(simulation, flight, { attempt, walk: { plan, at, routing } }, atMs);
  });
}

function afterCall(
  simulation: Simulation, flight: Flight,
  { attempt, walk: now }: { readonly attempt: AttemptRecord; readonly walk: Walk }, atMs: number,
): void {
  const isEnd = attempt.outcome === 'succeeded'
    // The client's own error is its answer.
    || (attempt.error !== null && meaningOf(attempt.error.class) === 'answered');
  if (isEnd) end(simulation, flight, attempt, atMs);
  else if (attempt.outcome === 'unknown') route(simulation, flight, now.routing + 1, atMs);
  else walk(simulation, flight, { ...now, at: now.at + 1 }, atMs);
}

/** Who waits is told; what nobody waits for is tried again later, as the router would. */
function exhausted(simulation: Simulation, flight: Flight, routing: number, nowMs: number): void {
  if (flight.job.submitted.mode !== 'async') { end(simulation, flight, null, nowMs); return; }
  schedule(simulation.schedule, nowMs + 1_000 * 2 ** (routing - 1), (atMs) =>
    route(simulation, flight, routing + 1, atMs));
}

function end(
  simulation: Simulation, flight: Flight, last: AttemptRecord | null, atMs: number,
): void {
  simulation.requests.push({
    answered: last !== null, latencyMs: atMs - flight.arrivedAtMs, calls: flight.calls,
    costPicoUsd: flight.cost, provider: last?.provider ?? null,
  });
}

/** The call that was seen, as if it had been made here and now. */
function asAt(
  seen: AttemptRecord, candidate: Candidate,
  at: { readonly startedAtMs: number; readonly routing: number },
): AttemptRecord {
  const { provider, key, model } = candidate;
  return {
    ...seen, provider, key, model, started_at_ms: at.startedAtMs, routing: at.routing,
    attempt_id: `${seen.attempt_id}@${at.startedAtMs}`,
  };
}
