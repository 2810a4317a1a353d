// What one attempt teaches about its provider, its target and its key. Told in log order, each once.
import type { AttemptRecord } from '@libs/events/attempts';
import { keyName, type ProviderLoad, targetName } from '../provider-load';
import { tellBreaker } from './breaker';
import { type ErrorMeaning, meaningOf } from './error-meaning';
import {
  closeKey, countUse, type KeyHealth, keySucceeded, newKeyHealth, noteLimits,
} from './key-health';
import type { HealthRules } from './rules';
import { addValue } from './sketch';
import {
  baselineHalfLifeMs, judgeSpeed, type Measure, newTargetHealth, recentHalfLifeMs, type TargetHealth,
} from './target-health';

/** Clients name models: a provider that takes any name must not fill the memory with them. */
const targetsMax = 2_000;

/** `loggedAtMs`: the log's time of the commit that tells it. */
export function learnFromAttempt(
  load: ProviderLoad, attempt: AttemptRecord, loggedAtMs: number, rules: HealthRules,
): void {
  const meaning = attempt.outcome === 'succeeded' ? 'answered' : meaningOfAttempt(attempt);
  if (attempt.late !== undefined) learnLateness(load, attempt, loggedAtMs, rules);
  if (meaning === 'nothing') return;
  const target = at(load.targets, targetName(attempt.provider, attempt.model), newTargetHealth);
  if (load.targets.size > targetsMax) forgetOldest(load.targets, target);
  const provider = at(load.providers, attempt.provider, newTargetHealth);
  const before = `${isOpen(target)}${isOpen(provider)}`;
  const call = { startedAtMs: attempt.started_at_ms };
  if (meaning === 'answered' || meaning === 'target') {
    tellBreaker(target.breaker, { ...call, failed: meaning === 'target' }, loggedAtMs, rules);
    // Somebody answered there, if only with an error; a silence is not an answer.
    if (meaning === 'answered' || attempt.error?.status !== null) {
      tellBreaker(provider.breaker, { ...call, failed: false }, loggedAtMs, rules);
    }
  } else if (meaning === 'provider') {
    tellBreaker(provider.breaker, { ...call, failed: true }, loggedAtMs, rules);
  } else {
    // A refusal for a limit or a key says that the rest of it works.
    tellBreaker(provider.breaker, { ...call, failed: false }, loggedAtMs, rules);
  }
  for (const scope of [target, provider]) noteLast(scope, attempt, meaning, loggedAtMs);
  if (attempt.outcome === 'succeeded') measure(target, attempt, loggedAtMs, rules);
  const key = at(load.keys, keyName(attempt.provider, attempt.key), newKeyHealth);
  const wasOut = key.out !== null;
  const keyChanged = learnKey(key, attempt, loggedAtMs, rules);
  if (!wasOut && key.out !== null) load.notices += 1;
  if (keyChanged || before !== `${isOpen(target)}${isOpen(provider)}`) load.version += 1;
}

/**
 * A call that a second one was faster than took at least so long. Without it a target that is always
 * beaten would never look slow.
 */
function learnLateness(
  load: ProviderLoad, attempt: AttemptRecord, atMs: number, rules: HealthRules,
): void {
  const target = at(load.targets, targetName(attempt.provider, attempt.model), newTargetHealth);
  target.lastMs = atMs;
  const measured = attempt.late === 'first_token' ? target.firstToken : target.total;
  note(measured, attempt.duration_ms, { atMs, rules, isRate: false });
  judgeSpeed(target, rules);
}

/** A provider configured anew (other key, other address) starts with a clean sheet. */
export function forgetProvider(load: ProviderLoad, provider: string): void {
  load.providers.delete(provider);
  for (const name of [...load.targets.keys()]) {
    if (name.startsWith(`${provider}:`)) load.targets.delete(name);
  }
  for (const name of [...load.keys.keys()]) {
    if (name.startsWith(`${provider}/`)) load.keys.delete(name);
  }
  load.version += 1;
}

/** A call that ended without an error class of its own, or that we ended, says nothing. */
function meaningOfAttempt(attempt: AttemptRecord): ErrorMeaning {
  if (attempt.error === null || attempt.outcome === 'canceled') return 'nothing';
  return meaningOf(attempt.error.class);
}

function learnKey(
  key: KeyHealth, attempt: AttemptRecord, loggedAtMs: number, rules: HealthRules,
): boolean {
  const endedAtMs = attempt.started_at_ms + attempt.duration_ms;
  const { usage } = attempt;
  countUse(key, usage === null ? 0 : usage.input_tokens + usage.output_tokens, loggedAtMs);
  if (attempt.rate_limit !== undefined) noteLimits(key, attempt.rate_limit, endedAtMs);
  if (attempt.outcome === 'succeeded') return keySucceeded(key, attempt.started_at_ms);
  const { error, retry_after_ms: retryAfterMs } = attempt;
  return error !== null && closeKey(
    key, { error, retryAfterMs, endedAtMs, startedAtMs: attempt.started_at_ms }, rules,
  );
}

function noteLast(
  scope: TargetHealth, attempt: AttemptRecord, meaning: ErrorMeaning, atMs: number,
): void {
  scope.lastMs = atMs;
  if (attempt.error === null || meaning === 'answered') return;
  const { class: errorClass, message } = attempt.error;
  scope.lastError = { class: errorClass, message: message.slice(0, 200), atMs };
}

function measure(
  target: TargetHealth, attempt: AttemptRecord, atMs: number, rules: HealthRules,
): void {
  const { first_token_ms: firstMs, duration_ms: totalMs, usage } = attempt;
  addValue(target.underWay, totalMs, atMs, { halfLifeMs: baselineHalfLifeMs });
  const about = { atMs, rules, isRate: false };
  if (firstMs === null) {
    note(target.total, totalMs, about);
  } else {
    note(target.firstToken, firstMs, about);
    const spanMs = totalMs - firstMs;
    if (usage !== null && usage.output_tokens > 1 && spanMs > 0) {
      note(target.tokensPerS, (usage.output_tokens - 1) * 1000 / spanMs, { ...about, isRate: true });
    }
  }
  judgeSpeed(target, rules);
}

interface About {
  readonly atMs: number;
  readonly rules: HealthRules;
  /** More is better. */
  readonly isRate: boolean;
}

/** Values that a baseline takes as they come, before it knows what is usual. */
const baselineSamples = 20;
/** What is unusual counts so little that a slow phase of minutes does not become the usual. */
const unusualWeight = 0.05;

function note(measured: Measure, value: number, { atMs, rules, isRate }: About): void {
  const { recent, baseline } = measured;
  const usual = baseline.p50;
  addValue(recent, value, atMs, { halfLifeMs: recentHalfLifeMs });
  const factor = usual === null || usual === 0 || value === 0 ? 1 : isRate ? usual / value : value / usual;
  const isUnusual = baseline.total >= baselineSamples && factor >= rules.slowFactor;
  addValue(baseline, value, atMs, {
    halfLifeMs: baselineHalfLifeMs, weight: isUnusual ? unusualWeight : 1,
  });
}

/** By the log's time, so the same in every fold. */
function forgetOldest(targets: Map<string, TargetHealth>, except: TargetHealth): void {
  let oldest: string | null = null;
  let lastMs = Infinity;
  for (const [name, health] of targets) {
    if (health === except || health.lastMs >= lastMs) continue;
    oldest = name;
    lastMs = health.lastMs;
  }
  if (oldest !== null) targets.delete(oldest);
}

function isOpen(scope: TargetHealth): boolean {
  return scope.breaker.open !== null;
}

function at<V>(map: Map<string, V>, name: string, make: () => V): V {
  let value = map.get(name);
  if (value === undefined) map.set(name, value = make());
  return value;
}
