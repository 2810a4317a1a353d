// Health as others see it: what workers skip in plans that were made before, and the table for people.
import type { ProviderConfig, ProviderKey } from '@libs/events/governance-events';
import type { CandidateHealth } from '@libs/events/job-events';
import type { GovernanceState } from '@libs/governance/state';
import { breakerAt } from './health/breaker';
import { type Allowance, isOut, newKeyHealth, paceOf, useAt } from './health/key-health';
import { countsAt } from './health/outcome-window';
import { type HealthRules, rulesOf } from './health/rules';
import { quantile, type Sketch } from './health/sketch';
import { type Condition, conditionAt, type Measure, type TargetHealth } from './health/target-health';
import { crowdAt } from './look-at-targets';
import { busyAt, keyName, type ProviderLoad, targetName } from './provider-load';

/** Not to be called now: one key, or one model with every key, or all of a provider (`*`, null). */
export interface NotNow {
  readonly provider: string;
  readonly key: string;
  readonly model: string | null;
  readonly untilMs: number;
  readonly why: string;
}

export function closedNow(
  load: ProviderLoad, governance: GovernanceState, nowMs: number,
): NotNow[] {
  const all: NotNow[] = [];
  const rulesFor = (provider: string): HealthRules =>
    rulesOf(governance.providers.get(provider)?.health);
  for (const [name, { closed }] of load.keys) {
    if (closed === null || closed.untilMs <= nowMs) continue;
    const slash = name.indexOf('/');
    const [provider, key] = [name.slice(0, slash), name.slice(slash + 1)];
    if (!rulesFor(provider).enabled) continue;
    all.push({ provider, key, model: null, untilMs: closed.untilMs, why: closed.why });
  }
  const open = (health: TargetHealth, provider: string): number | null => {
    const rules = rulesFor(provider);
    if (!rules.enabled) return null;
    const state = breakerAt(health.breaker, nowMs, rules);
    return state.kind === 'open' ? state.untilMs : null;
  };
  for (const [provider, health] of load.providers) {
    const untilMs = open(health, provider);
    if (untilMs !== null) all.push({ provider, key: '*', model: null, untilMs, why: 'open' });
  }
  for (const [name, health] of load.targets) {
    const colon = name.indexOf(':');
    const [provider, model] = [name.slice(0, colon), name.slice(colon + 1)];
    const untilMs = open(health, provider);
    if (untilMs !== null) all.push({ provider, key: '*', model, untilMs, why: 'open' });
  }
  return all;
}

/** Times in ms, rates in tokens/s; null: not measured. */
export interface MeasureView {
  readonly p50: number | null;
  readonly p95: number | null;
  readonly usual_p50: number | null;
}

export interface TargetView {
  readonly provider: string;
  readonly model: string;
  readonly state: CandidateHealth;
  readonly why: string;
  /** Part of its weight that it keeps, 0 to 1. */
  readonly share: number;
  readonly until_ms: number | null;
  readonly in_flight: number;
  /** Of the last minute. */
  readonly calls: number;
  readonly failed: number;
  readonly first_token_ms: MeasureView;
  readonly total_ms: MeasureView;
  readonly tokens_per_s: MeasureView;
  readonly last_error: TargetHealth['lastError'];
  readonly last_ms: number | null;
}

export interface KeyView {
  readonly provider: string;
  readonly key: string;
  readonly state: CandidateHealth;
  readonly why: string;
  readonly until_ms: number | null;
  readonly in_flight: number;
  readonly max_in_flight: number | null;
  /** Of the last minute. */
  readonly calls: number;
  readonly tokens: number;
  readonly requests_remaining: number | null;
  readonly tokens_remaining: number | null;
}

export interface ProviderView {
  readonly provider: string;
  readonly state: CandidateHealth;
  readonly why: string;
  readonly keys: readonly KeyView[];
  readonly targets: readonly TargetView[];
}

/** Every configured provider with its keys, and the targets that were called or are configured. */
export function healthView(
  load: ProviderLoad, governance: GovernanceState, nowMs: number,
): ProviderView[] {
  return [...governance.providers.values()].map((config) => {
    const { provider } = config;
    const rules = rulesOf(config.health);
    const condition = conditionAt(
      load.providers.get(provider), { count: 0, olderThan: () => 0 }, nowMs, rules,
    );
    return {
      provider, state: condition.kind, why: condition.why,
      keys: config.keys.map((key) => keyView(load, config, key, nowMs)),
      targets: modelsOf(load, config).map((model) => targetView(load, config, model, nowMs)),
    };
  });
}

function modelsOf(load: ProviderLoad, { provider, models, default_model }: ProviderConfig): string[] {
  const known = new Set(models.filter((model) => !model.includes('*')));
  if (default_model !== null) known.add(default_model);
  for (const name of load.targets.keys()) {
    if (name.startsWith(`${provider}:`)) known.add(name.slice(provider.length + 1));
  }
  for (const name of load.busyTargets.keys()) {
    if (name.startsWith(`${provider}:`)) known.add(name.slice(provider.length + 1));
  }
  return [...known].sort();
}

function targetView(
  load: ProviderLoad, config: ProviderConfig, model: string, nowMs: number,
): TargetView {
  const name = targetName(config.provider, model);
  const health = load.targets.get(name);
  const crowd = crowdAt(load, name, nowMs);
  const condition: Condition = conditionAt(health, crowd, nowMs, rulesOf(config.health));
  const counts = health === undefined ? { calls: 0, failed: 0 } : countsAt(health.breaker.window, nowMs);
  return {
    provider: config.provider, model,
    state: condition.kind, why: condition.why, share: condition.share, until_ms: condition.untilMs,
    in_flight: crowd.count, ...counts,
    first_token_ms: measureView(health?.firstToken),
    total_ms: measureView(health?.total),
    tokens_per_s: measureView(health?.tokensPerS),
    last_error: health?.lastError ?? null,
    last_ms: health === undefined ? null : health.lastMs,
  };
}

function keyView(
  load: ProviderLoad, config: ProviderConfig, key: ProviderKey, nowMs: number,
): KeyView {
  const name = keyName(config.provider, key.name);
  const health = load.keys.get(name) ?? newKeyHealth();
  const in_flight = busyAt(load, name);
  return {
    provider: config.provider, key: key.name, ...keyState(health, config, { key, nowMs, in_flight }),
    in_flight, max_in_flight: key.max_in_flight,
    ...useAt(health, nowMs),
    requests_remaining: leftOf(health.requests, nowMs),
    tokens_remaining: leftOf(health.tokens, nowMs),
  };
}

/** After its reset nothing is known of a limit. */
function leftOf(allowance: Allowance | null, nowMs: number): number | null {
  return allowance === null || nowMs >= allowance.resetAtMs ? null : allowance.remaining;
}

function keyState(
  health: ReturnType<typeof newKeyHealth>, config: ProviderConfig,
  at: { readonly key: ProviderKey; readonly nowMs: number; readonly in_flight: number },
): Pick<KeyView, 'state' | 'why' | 'until_ms'> {
  const { key, nowMs, in_flight: underWay } = at;
  const { closed } = health;
  if (closed !== null && closed.untilMs > nowMs) {
    return { state: isOut(closed) ? 'disabled' : 'cooling', why: closed.why, until_ms: closed.untilMs };
  }
  if (key.max_in_flight !== null && underWay >= key.max_in_flight) {
    return { state: 'saturated', why: 'its max_in_flight is reached', until_ms: null };
  }
  const { paceBelow } = rulesOf(config.health);
  const bounds = { rpm: key.rpm ?? null, tpm: key.tpm ?? null, paceBelow };
  const pace = paceOf(health, { underWay, tokens: 0 }, bounds, nowMs);
  return pace === null ? { state: 'healthy', why: '', until_ms: null }
    : { state: 'paced', why: pace.why, until_ms: pace.untilMs };
}

function measureView(measure: Measure | undefined): MeasureView {
  const at = (sketch: Sketch | undefined, share: number): number | null => {
    const value = sketch === undefined ? null : quantile(sketch, share);
    return value === null ? null : Math.round(value * 10) / 10;
  };
  return {
    p50: at(measure?.recent, 0.5), p95: at(measure?.recent, 0.95), usual_p50: at(measure?.baseline, 0.5),
  };
}
