// Calls whose end nobody learned, one by one: how they are named, what is held for each, and what
// stands in for a call that has no name of its own once its cost was found on a bill.
import type { AttemptRecord } from '@libs/events/attempts';
import type { JobFacts, UnknownRouting } from './state';

const nameless = 'unknown:';

/** One call, or the whole of a routing of which no call is known by name. */
export interface UnknownCall {
  /** Attempt id, or `unknown:<routing>`. */
  readonly attempt: string;
  readonly routing: number;
  readonly provider: string;
  readonly key: string;
  readonly model: string;
  /** null: a price is missing. */
  readonly holdPicoUsd: string | null;
}

/** The call may cost money that nobody knows yet. */
export function owes(attempt: AttemptRecord): boolean {
  return attempt.outcome === 'unknown' && attempt.cost_pico_usd === null;
}

/** What is unknown of a routing; a hedged one may have two calls. */
export function callsOf(job: JobFacts, entry: UnknownRouting): UnknownCall[] {
  const { routing, provider, key, model, holdPicoUsd, perCallPicoUsd: perCall } = entry;
  if (entry.attemptId === null) {
    return [{ attempt: `${nameless}${routing}`, routing, provider, key, model, holdPicoUsd }];
  }
  return job.attempts.filter((attempt) => attempt.routing === routing && owes(attempt))
    .map((attempt) => ({
      attempt: attempt.attempt_id, routing, provider: attempt.provider, key: attempt.key,
      model: attempt.model, holdPicoUsd: perCall ?? holdPicoUsd,
    }));
}

/** The unknown call of this name, and the routing it belongs to. */
export function callNamed(
  job: JobFacts, attempt: string,
): { readonly call: UnknownCall; readonly entry: UnknownRouting } | null {
  for (const entry of job.unknownRoutings) {
    const call = callsOf(job, entry).find((one) => one.attempt === attempt);
    if (call !== undefined) return { call, entry };
  }
  return null;
}

/** Whether it was a call of this job whose end is known by now. */
export function wasCall(job: JobFacts, attempt: string): boolean {
  if (job.attempts.some((one) => one.attempt_id === attempt)) return true;
  const routing = routingIn(attempt);
  return routing !== null && routing >= 1 && routing <= job.routings;
}

function routingIn(attempt: string): number | null {
  return /^unknown:\d{1,9}$/.test(attempt) ? Number(attempt.slice(nameless.length)) : null;
}

/** Under which a nameless call is booked: single over all jobs, as attempt ids are. */
export function standInId(job: string, routing: number): string {
  return `${nameless}${job}:${routing}`;
}

export function isStandIn(attempt: string): boolean {
  return attempt.startsWith(nameless);
}

/**
 * Stand-ins go when the calls themselves are heard of: with a cost, or with the end of their routing.
 * So a call is never booked twice, once by the bill and once by its own word.
 */
export function withoutStandIns(
  attempts: readonly AttemptRecord[], known: readonly AttemptRecord[],
  word: { readonly attempts: readonly AttemptRecord[]; readonly ended: number | null },
): readonly AttemptRecord[] {
  if (!known.some(({ attempt_id: id }) => isStandIn(id))) return attempts;
  return attempts.filter(({ attempt_id: id, routing }) => {
    if (!isStandIn(id)) return true;
    const heard = word.attempts.some((attempt) => attempt.routing === routing
      && attempt.cost_pico_usd !== null && !isBooked(known, attempt.attempt_id));
    const owing = attempts.some((attempt) => attempt.routing === routing && owes(attempt));
    return !heard && (word.ended !== routing || owing);
  });
}

function isBooked(known: readonly AttemptRecord[], attempt: string): boolean {
  return known.some(({ attempt_id: id, cost_pico_usd: cost }) => id === attempt && cost !== null);
}
