// Health of one (provider, model), and of a provider's address: a breaker, and for targets how fast
// it is against its own past.
import { type Breaker, breakerAt, newBreaker } from './breaker';
import { countsAt } from './outcome-window';
import type { HealthRules } from './rules';
import { newSketch, type Sketch } from './sketch';

/** A recent and a long memory of one measure. */
export interface Measure {
  readonly recent: Sketch;
  readonly baseline: Sketch;
}

export interface TargetHealth {
  readonly breaker: Breaker;
  /** ms to the first token of streams. */
  readonly firstToken: Measure;
  /** ms of whole answers that were not streamed. */
  readonly total: Measure;
  /** Output tokens per second after the first. */
  readonly tokensPerS: Measure;
  /** ms that successful calls were under way, streamed or not; half-life as of a baseline. */
  readonly underWay: Sketch;
  /** How many times as slow as usual, and in what; null: as usual, or not known. */
  slow: { readonly factor: number; readonly what: string } | null;
  lastError: { readonly class: string; readonly message: string; readonly atMs: number } | null;
  /** When an attempt here was last learned of, by the log's time. */
  lastMs: number;
}

/** What is recent: a slow phase shows within seconds at any rate worth balancing. */
export const recentHalfLifeMs = 2_500;
/** What is usual: a slow phase of some minutes does not become it. */
export const baselineHalfLifeMs = 1_800_000;

export function newTargetHealth(): TargetHealth {
  return {
    breaker: newBreaker(), firstToken: newMeasure(), total: newMeasure(), tokensPerS: newMeasure(),
    underWay: newSketch(), slow: null, lastError: null, lastMs: 0,
  };
}

function newMeasure(): Measure {
  return { recent: newSketch(), baseline: newSketch() };
}

/** Whether and how much a target may be used at a moment. */
export interface Condition {
  readonly kind: 'healthy' | 'degraded' | 'half_open' | 'open';
  /** 0 to 1: part of its weight that it keeps. */
  readonly share: number;
  /** For people; empty when healthy. */
  readonly why: string;
  /** When an open one is tried again. */
  readonly untilMs: number | null;
  /** Calls that may be under way at once while half open; null: no bound. */
  readonly callsMax: number | null;
}

const healthy: Condition = {
  kind: 'healthy', share: 1, why: '', untilMs: null, callsMax: null,
};
/** What is degraded keeps at least this, so that its recovery is seen. */
const shareMin = 0.05;
/** A share of failures below it is what providers have on good days. */
const ordinaryFailures = 0.02;

export interface Crowd {
  /** Calls under way. */
  readonly count: number;
  /** How many of them have been under way for longer than a time in ms. */
  readonly olderThan: (ageMs: number) => number;
}

export function conditionAt(
  health: TargetHealth | undefined, crowd: Crowd, nowMs: number, rules: HealthRules,
): Condition {
  if (health === undefined) return healthy;
  const state = breakerAt(health.breaker, nowMs, rules);
  if (state.kind === 'open') {
    return {
      kind: 'open', share: 0, untilMs: state.untilMs, callsMax: 0,
      why: `${openedBecause(health)}, tried again at ${isoTime(state.untilMs)}`,
    };
  }
  if (state.kind === 'half_open') {
    return {
      kind: 'half_open', share: shareMin, untilMs: null, callsMax: state.calls,
      why: `half open, ${health.breaker.recovered} of ${rules.closeAfter} successes`,
    };
  }
  return closedCondition(health, { warm: state.warm, crowd, nowMs, rules });
}

interface Closed {
  readonly warm: number;
  readonly crowd: Crowd;
  readonly nowMs: number;
  readonly rules: HealthRules;
}

/** Several troubles at once: each takes its part. */
function closedCondition(health: TargetHealth, closed: Closed): Condition {
  const { warm, crowd, nowMs, rules } = closed;
  let share = 1;
  const why: string[] = [];
  const { calls, failed } = countsAt(health.breaker.window, nowMs);
  if (calls >= rules.failuresMin && failed > ordinaryFailures * calls) {
    const kept = (calls - failed) / calls;
    share *= kept * kept * kept;
    why.push(`${failed} of ${calls} calls failed`);
  }
  const { slow } = health;
  if (slow !== null && nowMs - health.lastMs < slowForgottenMs) {
    // Squared: divided by the factor alone it would add as much waiting in all as a healthy one.
    share /= slow.factor * slow.factor;
    why.push(`${slow.what} ${slow.factor.toFixed(1)} times its usual`);
  }
  const stuck = stuckCalls(health, crowd, rules);
  if (stuck > 0) {
    share *= shareMin;
    why.push(`${stuck} of ${crowd.count} calls have no answer for unusually long`);
  }
  if (why.length === 0 && warm >= 1) return healthy;
  if (warm < 1) {
    share *= Math.max(shareMin, warm);
    why.push('coming back slowly');
  }
  return {
    kind: 'degraded', share: Math.max(shareMin, share), why: why.join(', '), untilMs: null,
    callsMax: null,
  };
}

/** Of a target that nobody asked for so long nothing is known any more. */
const slowForgottenMs = 60_000;

/**
 * Told after each value: whether it is slow against its own past, the worst of its measures. It takes
 * some samples to call it slow, and one that says otherwise to take it back: what is slow gets few
 * calls, and must not be forgotten for that.
 */
export function judgeSpeed(health: TargetHealth, rules: HealthRules): void {
  const least = health.slow === null ? rules.slowMinSamples / 4 : 0;
  const first = ratio(health.firstToken, { health, least, rules }) ?? 0;
  const total = ratio(health.total, { health, least, rules }) ?? 0;
  const pace = inverse(ratio(health.tokensPerS, { health, least, rules })) ?? 0;
  const factor = Math.max(first, total, pace);
  const what = factor === first ? 'first token' : factor === total ? 'answers' : 'tokens';
  health.slow = factor >= rules.slowFactor ? { factor, what } : null;
}

interface Judging {
  readonly health: TargetHealth;
  readonly least: number;
  readonly rules: HealthRules;
}

/** null: too little is known, or nothing new of this measure. */
function ratio({ recent, baseline }: Measure, { health, least, rules }: Judging): number | null {
  if (baseline.total < rules.slowMinSamples || recent.total < least) return null;
  if (health.lastMs - recent.halvedAtMs > slowForgottenMs) return null;
  const { p50: now } = recent;
  const { p50: usual } = baseline;
  return now === null || usual === null || usual === 0 ? null : now / usual;
}

function inverse(value: number | null): number | null {
  return value === null || value === 0 ? null : 1 / value;
}

const stuckMin = 3;

/**
 * Calls that hang say nothing until they end, perhaps minutes later. When half of those under way
 * are older than four times what nine of ten take, the target is as good as down.
 */
function stuckCalls(health: TargetHealth, crowd: Crowd, rules: HealthRules): number {
  if (health.underWay.total < rules.slowMinSamples || crowd.count < stuckMin) return 0;
  const usualMs = health.underWay.p90 ?? 0;
  const stuck = crowd.olderThan(Math.max(rules.stuckAfterMs, 4 * usualMs));
  return stuck >= stuckMin && stuck * 2 >= crowd.count ? stuck : 0;
}

function openedBecause({ breaker, lastError }: TargetHealth): string {
  const what = lastError === null ? 'failures' : lastError.class;
  return `open after ${breaker.consecutive} failures in a row, last ${what}`;
}

export function isoTime(atMs: number): string {
  return new Date(atMs).toISOString();
}
