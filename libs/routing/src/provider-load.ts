// What the log says of the providers: calls in flight over all partitions, and the health of every
// provider, target and key. A mutable fold; every router has one, equal at equal positions.
import type { AttemptRecord } from '@libs/events/attempts';
import type { Candidate } from '@libs/events/job-events';
import type { JobState, RunningJob } from '@libs/jobs/state';
import type { KeyHealth } from './health/key-health';
import type { TargetHealth } from './health/target-health';

export interface ProviderLoad {
  /** Calls in flight by `provider/key`. */
  readonly busyKeys: Map<string, number>;
  /** Calls in flight by `provider:model`. */
  readonly busyTargets: Map<string, TargetCrowd>;
  /** Where each running job is, and since when (s). */
  readonly slots: Map<string, Slot>;
  /** Decided by this router and not folded yet, by `provider/key` and by `provider:model`. */
  readonly deciding: Map<string, number>;
  /** Decisions of this router not folded yet, in all. */
  decidingJobs: number;
  /** Health of each provider's address, by provider. */
  readonly providers: Map<string, TargetHealth>;
  /** By `provider:model`. */
  readonly targets: Map<string, TargetHealth>;
  /** By `provider/key`. */
  readonly keys: Map<string, KeyHealth>;
  /** Counts up whenever something was freed or closed, so that waiters know when to look again. */
  version: number;
  /** Calls whose price was not known, by `provider/model`: of the last day that had any. */
  readonly unpriced: Map<string, Unpriced>;
  /** Counts up when there is something new that operators may have to be told of. */
  notices: number;
}

export interface Unpriced {
  readonly provider: string;
  readonly model: string;
  /** The log's time, UTC. */
  readonly day: string;
}

/** Where a call is: names as in the maps of the load. */
export interface Place {
  readonly key: string;
  readonly target: string;
}

export interface Slot extends Place {
  readonly sinceS: number;
}

/** Calls under way at a target by the second they began in: their sum does not depend on the order
 * in which they were put in, so a restored fold is equal to one that went on. */
export interface TargetCrowd {
  count: number;
  readonly bySecond: Map<number, number>;
}

export function newProviderLoad(): ProviderLoad {
  return {
    busyKeys: new Map(), busyTargets: new Map(), slots: new Map(), deciding: new Map(),
    decidingJobs: 0, providers: new Map(), targets: new Map(), keys: new Map(), version: 0,
    unpriced: new Map(), notices: 0,
  };
}

export const keyName = (provider: string, key: string): string => `${provider}/${key}`;
/** Provider ids have neither slash nor colon, so the two kinds of names never meet. */
export const targetName = (provider: string, model: string): string => `${provider}:${model}`;

export function placeOf(
  candidate: { readonly provider: string; readonly key: string; readonly model: string },
): Place {
  const { provider, key, model } = candidate;
  return { key: keyName(provider, key), target: targetName(provider, model) };
}

/** Clients name models: more than these in one day are not told one by one. */
const unpricedPerDayMax = 100;

/** A call was made, or refused, whose price nobody knows. */
export function noteUnpriced(
  load: ProviderLoad, { provider, model }: Pick<Unpriced, 'provider' | 'model'>, atMs: number,
): void {
  const name = `${provider}/${model}`;
  const day = new Date(atMs).toISOString().slice(0, 10);
  if (load.unpriced.get(name)?.day === day) return;
  for (const [known, one] of load.unpriced) if (one.day < day) load.unpriced.delete(known);
  if (load.unpriced.size >= unpricedPerDayMax) return;
  load.unpriced.set(name, { provider, model, day });
  load.notices += 1;
}

/** Calls under way at a key, those just decided included. */
export function busyAt(load: ProviderLoad, key: string): number {
  return (load.busyKeys.get(key) ?? 0) + (load.deciding.get(key) ?? 0);
}

/** Follows one job from state to state: its slot moves along its plan and is freed at its end. */
export function moveSlot(
  load: ProviderLoad, before: JobState | undefined, after: JobState,
): void {
  if (before?.phase !== 'running' && after.phase !== 'running') return;
  const place = after.phase === 'running' ? slotOf(after) : null;
  const held = load.slots.get(after.id) ?? null;
  if (place?.key === held?.key && place?.target === held?.target) return;
  if (held !== null) {
    add(load.busyKeys, held.key, -1);
    leave(load.busyTargets, held);
    load.version += 1;
  }
  if (place === null) {
    load.slots.delete(after.id);
    return;
  }
  add(load.busyKeys, place.key, 1);
  enter(load.busyTargets, place);
  load.slots.set(after.id, place);
}

/** A decision that is not folded yet counts as in flight, until it is folded or dropped. */
export function noteDeciding(load: ProviderLoad, place: Place, by: 1 | -1): void {
  add(load.deciding, place.key, by);
  add(load.deciding, place.target, by);
  load.decidingJobs += by;
  if (by === -1) load.version += 1;
}

/** The plan entry a running job is at: the one after those that failed in this routing. */
export function slotOf(job: RunningJob): Slot | null {
  const { plan } = job.routed;
  let at = 0;
  let sinceMs = job.routedAtMs;
  for (let index = job.attempts.length - 1; index >= 0; index -= 1) {
    const attempt = job.attempts[index] as AttemptRecord;
    if (attempt.routing !== job.routings) break;
    at = Math.max(at, indexAfter(plan, attempt));
    sinceMs = Math.max(sinceMs, attempt.started_at_ms + attempt.duration_ms);
  }
  const candidate = plan[at];
  return candidate === undefined ? null
    : { ...placeOf(candidate), sinceS: Math.floor(sinceMs / 1000) };
}

function indexAfter(plan: readonly Candidate[], attempt: AttemptRecord): number {
  return 1 + plan.findIndex((candidate) =>
    candidate.provider === attempt.provider && candidate.key === attempt.key
    && candidate.model === attempt.model);
}

function enter(busy: Map<string, TargetCrowd>, { target, sinceS }: Slot): void {
  let crowd = busy.get(target);
  if (crowd === undefined) busy.set(target, crowd = { count: 0, bySecond: new Map() });
  crowd.count += 1;
  crowd.bySecond.set(sinceS, (crowd.bySecond.get(sinceS) ?? 0) + 1);
}

function leave(busy: Map<string, TargetCrowd>, { target, sinceS }: Slot): void {
  const crowd = busy.get(target);
  if (crowd === undefined) return;
  crowd.count -= 1;
  if (crowd.count === 0) busy.delete(target);
  else add(crowd.bySecond, sinceS, -1);
}

function add<N>(counts: Map<N, number>, name: N, by: number): void {
  const count = (counts.get(name) ?? 0) + by;
  if (count <= 0) counts.delete(name);
  else counts.set(name, count);
}
