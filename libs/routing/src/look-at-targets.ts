// Which of the able targets may be called at this moment, how much, and why the others may not.
import type { CandidateHealth } from '@libs/events/job-events';
import type { JobFacts } from '@libs/jobs/state';
import type { AbleKey, AbleTarget } from './candidates';
import { isOut, newKeyHealth, paceOf } from './health/key-health';
import {
  type Condition, conditionAt, type Crowd, isoTime, type TargetHealth,
} from './health/target-health';
import { outputAtWorst } from './hold';
import type { ProviderLoad } from './provider-load';

/** A target with at least one key that may be called now. */
export interface OpenTarget {
  readonly able: AbleTarget;
  readonly keys: readonly AbleKey[];
  /** Its configured weight. */
  readonly weight: number;
  readonly condition: Condition;
  /** What is known of it; undefined: it was never asked. */
  readonly health: TargetHealth | undefined;
  /** Calls under way there, as folded. */
  readonly underWay: number;
}

/** A key at a target that is not to be called now. */
export interface ClosedEntry {
  readonly able: AbleTarget;
  readonly key: AbleKey;
  readonly health: CandidateHealth;
  /** null: until a call ends. */
  readonly untilMs: number | null;
  readonly why: string;
}

export interface Look {
  readonly open: OpenTarget[];
  readonly closed: ClosedEntry[];
  /** What was decided and not folded yet, as far as it was asked for. */
  readonly overlay: Record<string, number>;
}

export interface LookContext {
  readonly load: ProviderLoad;
  readonly nowMs: number;
}

/** A target that is half open with its calls under way is looked at again then. */
const lookAgainMs = 1_000;

export function lookAtTargets(
  job: JobFacts, targets: readonly AbleTarget[], context: LookContext,
): Look {
  const look: Look = { open: [], closed: [], overlay: {} };
  const looking: Looking = { load: context.load, nowMs: context.nowMs, look };
  for (const able of targets) lookAtTarget(job, able, looking);
  return look;
}

interface Looking extends LookContext {
  readonly look: Look;
}

function lookAtTarget(job: JobFacts, able: AbleTarget, looking: Looking): void {
  const { load, nowMs, look } = looking;
  const { name, rules, target: { provider: { provider } } } = able;
  const health = load.targets.get(name);
  const crowd = crowdAt(load, name, nowMs);
  const condition = !rules.enabled ? unwatched : worse(
    conditionAt(health, crowd, nowMs, rules),
    conditionAt(load.providers.get(provider), nobody, nowMs, rules),
  );
  const shut = shutBecause(condition, name, looking);
  const keys: AbleKey[] = [];
  for (const key of able.keys) {
    const closed = shut ?? closedBecause(job, { able, key }, looking);
    if (closed === null) keys.push(key);
    else look.closed.push({ able, key, ...closed });
  }
  if (keys.length === 0) return;
  look.open.push({
    able, keys, weight: able.weight, condition, health, underWay: crowd.count,
  });
}

type Shut = Omit<ClosedEntry, 'able' | 'key'>;

function shutBecause(condition: Condition, name: string, looking: Looking): Shut | null {
  const { kind, callsMax, untilMs, why } = condition;
  if (kind === 'open') return { health: 'open', untilMs, why };
  if (callsMax === null) return null;
  const calls = (looking.load.busyTargets.get(name)?.count ?? 0) + decidingAt(name, looking);
  if (calls < callsMax) return null;
  return {
    health: 'half_open', untilMs: looking.nowMs + lookAgainMs, why: `${why}, ${calls} calls under way`,
  };
}

function closedBecause(
  job: JobFacts, one: { readonly able: AbleTarget; readonly key: AbleKey }, looking: Looking,
): Shut | null {
  const { able: { rules }, key: { name, config, bounds } } = one;
  const { load, nowMs } = looking;
  const health = load.keys.get(name);
  const closed = health?.closed ?? null;
  if (rules.enabled && closed !== null && closed.untilMs > nowMs) {
    return {
      health: isOut(closed) ? 'disabled' : 'cooling', untilMs: closed.untilMs,
      why: `${closed.why}, not before ${isoTime(closed.untilMs)}`,
    };
  }
  const { max_in_flight: most } = config;
  if (most !== null && busyKey(name, looking) >= most) {
    return { health: 'saturated', untilMs: null, why: 'its max_in_flight is reached' };
  }
  if (!rules.enabled) return null;
  const isAnnounced = health !== undefined && (health.requests !== null || health.tokens !== null);
  if (!isAnnounced && bounds === null) return null;
  const tokens = job.submitted.prompt_tokens_estimate + outputAtWorst(job.submitted, 0);
  const pace = paceOf(
    health ?? newKeyHealth(), { underWay: busyKey(name, looking), tokens },
    bounds ?? { rpm: null, tpm: null, paceBelow: rules.paceBelow }, nowMs,
  );
  return pace === null ? null : { health: 'paced', ...pace };
}

/** Calls under way at a key; what comes of the overlay is noted. */
export function busyKey(name: string, looking: LookContext & { readonly look: Pick<Look, 'overlay'> }): number {
  return (looking.load.busyKeys.get(name) ?? 0) + decidingAt(name, looking);
}

function decidingAt(
  name: string, { load, look }: LookContext & { readonly look: Pick<Look, 'overlay'> },
): number {
  const deciding = load.deciding.get(name) ?? 0;
  if (deciding > 0) look.overlay[name] = deciding;
  return deciding;
}

const unwatched: Condition = {
  kind: 'healthy', share: 1, why: '', untilMs: null, callsMax: null,
};
const nobody: Crowd = { count: 0, olderThan: () => 0 };

export function crowdAt(load: ProviderLoad, target: string, nowMs: number): Crowd {
  const crowd = load.busyTargets.get(target);
  if (crowd === undefined) return nobody;
  return {
    count: crowd.count,
    olderThan: (ageMs) => {
      const lastS = Math.floor((nowMs - ageMs) / 1000);
      let older = 0;
      for (const [second, count] of crowd.bySecond) if (second <= lastS) older += count;
      return older;
    },
  };
}

const rank = { healthy: 0, degraded: 1, half_open: 2, open: 3 } as const;

function worse(target: Condition, provider: Condition): Condition {
  if (provider.kind === 'healthy') return target;
  if (rank[provider.kind] <= rank[target.kind]) return target;
  return { ...provider, why: `its provider: ${provider.why}` };
}
