// Which of the able targets may be called at this moment, how much, and why the others may not.
import type { ProviderKey } from '@libs/events/governance-events';
import type { CandidateHealth } from '@libs/events/job-events';
import type { JobFacts } from '@libs/jobs/state';
import type { AbleTarget } from './candidates';
import { type KeyBounds, isOut, paceOf } from './health/key-health';
import { type HealthRules, rulesOf } from './health/rules';
import { type Condition, conditionAt, type Crowd, isoTime } from './health/target-health';
import { keyName, type ProviderLoad, targetName } from './provider-load';

/** A target with at least one key that may be called now. */
export interface OpenTarget {
  readonly able: AbleTarget;
  readonly keys: readonly ProviderKey[];
  /** Its configured weight. */
  readonly weight: number;
  readonly condition: Condition;
}

/** A key at a target that is not to be called now. */
export interface ClosedEntry {
  readonly able: AbleTarget;
  readonly key: ProviderKey;
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

/** Targets that come twice are looked at once: where they come first. */
export function lookAtTargets(
  job: JobFacts, targets: readonly AbleTarget[], context: LookContext,
): Look {
  const look: Look = { open: [], closed: [], overlay: {} };
  const seen = new Set<string>();
  for (const able of targets) {
    const name = targetName(able.target.provider.provider, able.target.model);
    if (seen.has(name)) continue;
    seen.add(name);
    lookAtTarget(job, able, { ...context, look, name });
  }
  return look;
}

interface Looking extends LookContext {
  readonly look: Look;
  readonly name: string;
}

function lookAtTarget(job: JobFacts, able: AbleTarget, looking: Looking): void {
  const { load, nowMs, look, name } = looking;
  const { provider } = able.target;
  const rules = rulesOf(provider.health);
  const condition = !rules.enabled ? unwatched : worse(
    conditionAt(load.targets.get(name), crowdAt(load, name, nowMs), nowMs, rules),
    conditionAt(load.providers.get(provider.provider), nobody, nowMs, rules),
  );
  const shut = shutBecause(condition, name, looking);
  const keys: ProviderKey[] = [];
  for (const key of able.keys) {
    const closed = shut ?? closedBecause(job, { able, key, rules }, looking);
    if (closed === null) keys.push(key);
    else look.closed.push({ able, key, ...closed });
  }
  if (keys.length > 0) look.open.push({ able, keys, weight: able.weight, condition });
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
  job: JobFacts, one: { able: AbleTarget; key: ProviderKey; rules: HealthRules }, looking: Looking,
): Shut | null {
  const { key, rules } = one;
  const { load, nowMs } = looking;
  const name = keyName(one.able.target.provider.provider, key.name);
  const health = load.keys.get(name);
  const closed = health?.closed ?? null;
  if (rules.enabled && closed !== null && closed.untilMs > nowMs) {
    return {
      health: isOut(closed) ? 'disabled' : 'cooling', untilMs: closed.untilMs,
      why: `${closed.why}, not before ${isoTime(closed.untilMs)}`,
    };
  }
  const { max_in_flight: most } = key;
  if (most !== null && busyKey(name, looking) >= most) {
    return { health: 'saturated', untilMs: null, why: 'its max_in_flight is reached' };
  }
  if (!rules.enabled) return null;
  const bounds: KeyBounds = {
    rpm: key.rpm ?? null, tpm: key.tpm ?? null, paceBelow: rules.paceBelow,
  };
  const isBound = bounds.rpm !== null || bounds.tpm !== null;
  if (health === undefined && !isBound) return null;
  if (health?.requests == null && health?.tokens == null && !isBound) return null;
  const tokens = job.submitted.prompt_tokens_estimate + (job.submitted.max_output_tokens ?? 0);
  const pace = paceOf(health ?? unused, { underWay: busyKey(name, looking), tokens }, bounds, nowMs);
  return pace === null ? null : { health: 'paced', ...pace };
}

const unused = { closed: null, closings: 0, requests: null, tokens: null, use: [] };

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
