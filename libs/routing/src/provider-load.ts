// What the log says of the provider keys: calls in flight over all partitions, keys that cool down
// after a 429, keys that are out. A mutable fold; every router has one, equal at equal positions.
import type { AttemptError } from '@libs/events/attempt-errors';
import type { AttemptRecord } from '@libs/events/attempts';
import type { Candidate } from '@libs/events/job-events';
import type { JobState, RunningJob } from '@libs/jobs/state';

export interface ProviderLoad {
  /** Calls in flight by `provider/key`. */
  readonly inFlight: Map<string, number>;
  /** Which `provider/key` each running job is at. */
  readonly slots: Map<string, string>;
  /** Decided by this router and not folded yet, by `provider/key`. */
  readonly deciding: Map<string, number>;
  readonly closed: Map<string, ClosedKey>;
  /** Counts up whenever something was freed or closed, so that waiters know when to look again. */
  version: number;
}

export interface ClosedKey {
  readonly untilMs: number;
  readonly why: 'rate_limited' | 'overloaded' | 'quota_exhausted' | 'credentials_rejected';
}

export type CandidateState =
  | { readonly kind: 'open' }
  | { readonly kind: 'saturated' }
  | { readonly kind: 'cooling'; readonly untilMs: number; readonly why: ClosedKey['why'] };

/** A 429 without Retry-After: short, since it is extended by the next one. */
const coolingDefaultMs = 2_000;
/** No provider's word closes a key for longer; a wrong header must not lose it for a day. */
const coolingMaxMs = 3_600_000;
/** A key without quota or with bad credentials is probed by one job after this time. */
const probeAfterMs = 300_000;

export function newProviderLoad(): ProviderLoad {
  return {
    inFlight: new Map(), slots: new Map(), deciding: new Map(), closed: new Map(), version: 0,
  };
}

export const keyName = (provider: string, key: string): string => `${provider}/${key}`;

/** Calls under way at a key, those just decided included. */
export function busyAt(load: ProviderLoad, name: string): number {
  return (load.inFlight.get(name) ?? 0) + (load.deciding.get(name) ?? 0);
}

/** Whether a key may be called now. Breaker and latency of a health projection belong here. */
export function candidateState(
  load: ProviderLoad,
  key: { readonly name: string; readonly maxInFlight: number | null },
  nowMs: number,
): CandidateState {
  const closed = load.closed.get(key.name);
  if (closed !== undefined && closed.untilMs > nowMs) {
    return { kind: 'cooling', untilMs: closed.untilMs, why: closed.why };
  }
  if (key.maxInFlight !== null && busyAt(load, key.name) >= key.maxInFlight) {
    return { kind: 'saturated' };
  }
  return { kind: 'open' };
}

/** Follows one job from state to state: its slot moves along its plan and is freed at its end. */
export function moveSlot(load: ProviderLoad, before: JobState | undefined, after: JobState): void {
  if (before?.phase !== 'running' && after.phase !== 'running') return;
  const name = after.phase === 'running' ? slotOf(after) : null;
  const held = load.slots.get(after.id) ?? null;
  if (name === held) return;
  if (held !== null) {
    add(load.inFlight, held, -1);
    load.version += 1;
  }
  if (name === null) {
    load.slots.delete(after.id);
    return;
  }
  add(load.inFlight, name, 1);
  load.slots.set(after.id, name);
}

/** What an attempt teaches about its key. Told twice it changes nothing. */
export function learnFromAttempt(load: ProviderLoad, attempt: AttemptRecord): void {
  const name = keyName(attempt.provider, attempt.key);
  if (attempt.outcome === 'succeeded') {
    // Only a probe can succeed at a key that is out; a 429's cooling is kept to its end.
    const closed = load.closed.get(name);
    if (closed !== undefined && isOut(closed) && attempt.started_at_ms >= closed.untilMs) {
      reopen(load, name);
    }
    return;
  }
  if (attempt.error === null) return;
  const endedAtMs = attempt.started_at_ms + attempt.duration_ms;
  const closing = closingOf(attempt.error, attempt.retry_after_ms, endedAtMs);
  if (closing === null) return;
  const known = load.closed.get(name);
  if (known !== undefined && known.untilMs >= closing.untilMs) return;
  load.closed.set(name, closing);
  load.version += 1;
}

/** A provider configured anew (other key, other quota) starts with a clean sheet. */
export function forgetProvider(load: ProviderLoad, provider: string): void {
  for (const name of load.closed.keys()) {
    if (name.startsWith(`${provider}/`)) load.closed.delete(name);
  }
  load.version += 1;
}

/** A decision that is not folded yet counts as in flight, until it is folded or dropped. */
export function noteDeciding(load: ProviderLoad, name: string, by: 1 | -1): void {
  add(load.deciding, name, by);
  if (by === -1) load.version += 1;
}

/** Keys not to be called now, for the health broadcast. */
export function closedKeys(
  load: ProviderLoad, nowMs: number,
): { name: string; untilMs: number; why: string }[] {
  return [...load.closed]
    .filter(([, closed]) => closed.untilMs > nowMs)
    .map(([name, { untilMs, why }]) => ({ name, untilMs, why }));
}

/** The plan entry a running job is at: the one after those that failed in this routing. */
export function slotOf(job: RunningJob): string | null {
  const { plan } = job.routed;
  let at = 0;
  for (let index = job.attempts.length - 1; index >= 0; index -= 1) {
    const attempt = job.attempts[index] as AttemptRecord;
    if (attempt.routing !== job.routings) break;
    at = Math.max(at, indexAfter(plan, attempt));
  }
  const candidate = plan[at];
  return candidate === undefined ? null : keyName(candidate.provider, candidate.key);
}

function indexAfter(plan: readonly Candidate[], attempt: AttemptRecord): number {
  return 1 + plan.findIndex((candidate) =>
    candidate.provider === attempt.provider && candidate.key === attempt.key
    && candidate.model === attempt.model);
}

function closingOf(
  error: AttemptError, retryAfterMs: number | null, endedAtMs: number,
): ClosedKey | null {
  switch (error.class) {
    case 'rate_limited':
      return {
        untilMs: endedAtMs + Math.min(coolingMaxMs, retryAfterMs ?? coolingDefaultMs),
        why: 'rate_limited',
      };
    case 'overloaded':
      // Without a time from the provider the next candidate is enough.
      return retryAfterMs === null ? null : {
        untilMs: endedAtMs + Math.min(coolingMaxMs, retryAfterMs), why: 'overloaded',
      };
    case 'quota_exhausted':
    case 'credentials_rejected':
      return { untilMs: endedAtMs + probeAfterMs, why: error.class };
    case 'server_error':
    case 'connect_failed':
    case 'connection_lost':
    case 'first_token_timeout':
    case 'stalled':
    case 'total_timeout':
    case 'malformed_response':
    case 'invalid_request':
    case 'model_not_found':
    case 'context_too_long':
    case 'content_filtered':
    case 'canceled':
    case 'unknown':
      return null;
  }
}

function isOut(closed: ClosedKey): boolean {
  return closed.why === 'quota_exhausted' || closed.why === 'credentials_rejected';
}

function reopen(load: ProviderLoad, name: string): void {
  load.closed.delete(name);
  load.version += 1;
}

function add(counts: Map<string, number>, name: string, by: number): void {
  const count = (counts.get(name) ?? 0) + by;
  if (count <= 0) counts.delete(name);
  else counts.set(name, count);
}
