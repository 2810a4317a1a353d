// A circuit breaker as a fold: closed, open until a time, half open after it. It is told each call
// once, in log order; whether it is half open follows from the time alone.
import type { HealthRules } from './rules';
import { countOutcome, countsAt, emptyWindow, newWindow, type OutcomeWindow } from './outcome-window';

export interface Breaker {
  readonly window: OutcomeWindow;
  /** Failures since the last success. */
  consecutive: number;
  /** null: closed. */
  open: { readonly sinceMs: number; readonly untilMs: number } | null;
  /** Openings in a row: each doubles the open time. Back to 0 after a time without trouble. */
  openings: number;
  /** Successes since it became half open. */
  recovered: number;
  /** When it was closed after having been open; 0: never. */
  closedAtMs: number;
}

export type BreakerState =
  | { readonly kind: 'closed'; /** 0 to 1: how far a slow start has come. */ readonly warm: number }
  | { readonly kind: 'open'; readonly untilMs: number }
  | { readonly kind: 'half_open'; /** Calls that may be under way. */ readonly calls: number };

/** A target that kept its calls for so long begins again with the shortest open time. */
const forgivenAfterMs = 300_000;

export function newBreaker(): Breaker {
  return {
    window: newWindow(), consecutive: 0, open: null, openings: 0, recovered: 0, closedAtMs: 0,
  };
}

export function breakerAt(breaker: Breaker, nowMs: number, rules: HealthRules): BreakerState {
  const { open, closedAtMs, recovered } = breaker;
  if (open !== null) {
    if (nowMs < open.untilMs) return { kind: 'open', untilMs: open.untilMs };
    // Step by step: each success lets twice as many through.
    return { kind: 'half_open', calls: rules.halfOpenCalls * 2 ** Math.min(recovered, 10) };
  }
  const sinceMs = nowMs - closedAtMs;
  const warm = closedAtMs === 0 || rules.slowStartMs <= 0 ? 1 : sinceMs / rules.slowStartMs;
  return { kind: 'closed', warm: Math.min(1, Math.max(0, warm)) };
}

/** One call. `startedAtMs` by the worker's clock, `atMs` by the log's. */
export function tellBreaker(
  breaker: Breaker, call: { readonly failed: boolean; readonly startedAtMs: number },
  atMs: number, rules: HealthRules,
): void {
  if (breaker.open !== null) tellOpen(breaker, breaker.open, call, { atMs, rules });
  else tellClosed(breaker, call, { atMs, rules });
}

interface Told {
  readonly atMs: number;
  readonly rules: HealthRules;
}

function tellClosed(
  breaker: Breaker, call: { readonly failed: boolean }, { atMs, rules }: Told,
): void {
  countOutcome(breaker.window, call.failed, atMs);
  if (!call.failed) {
    breaker.consecutive = 0;
    return;
  }
  breaker.consecutive += 1;
  const { calls, failed } = countsAt(breaker.window, atMs);
  const isMany = calls >= rules.failuresMin && failed >= rules.failureShare * calls;
  const inARow = breaker.consecutive;
  const least = Math.max(rules.consecutiveFailures, rarelyInARow(
    calls < rules.failuresMin + inARow ? 0 : (failed - inARow) / (calls - inARow),
  ));
  if (isMany || inARow >= least) openIt(breaker, { atMs, rules });
}

/** Once in a million calls by chance: about an hour of 300 a second. */
const rareChance = 1e-6;
const inARowMax = 50;

/** As many failures in a row as are rare for a target that fails this share of its calls anyway. */
function rarelyInARow(usualShare: number): number {
  let chance = 1;
  let count = 0;
  for (; chance > rareChance && count < inARowMax; count += 1) chance *= Math.max(0, usualShare);
  return count;
}

/**
 * Of calls that began before it opened nothing new is learned. One that began since is a probe, or
 * was let through because everything was open: it counts whether or not the time is over.
 */
function tellOpen(
  breaker: Breaker, open: NonNullable<Breaker['open']>,
  call: { readonly failed: boolean; readonly startedAtMs: number }, told: Told,
): void {
  if (call.startedAtMs < open.sinceMs) return;
  if (call.failed) {
    const isOver = told.atMs >= open.untilMs;
    // Those that began with the failed probe say the same again.
    if (isOver || breaker.recovered > 0) openIt(breaker, told);
    return;
  }
  breaker.recovered += 1;
  // A success is better news than a timer: the next calls need not wait for it.
  if (open.untilMs > told.atMs) breaker.open = { sinceMs: open.sinceMs, untilMs: told.atMs };
  if (breaker.recovered < told.rules.closeAfter) return;
  breaker.open = null;
  breaker.consecutive = 0;
  breaker.closedAtMs = told.atMs;
  emptyWindow(breaker.window);
}

function openIt(breaker: Breaker, { atMs, rules }: Told): void {
  const isForgiven = breaker.open === null && breaker.closedAtMs !== 0
    && atMs - breaker.closedAtMs > forgivenAfterMs;
  const openings = isForgiven ? 0 : breaker.openings;
  const openMs = Math.min(rules.openMaxMs, rules.openMs * 2 ** Math.min(openings, 20));
  breaker.open = { sinceMs: atMs, untilMs: atMs + openMs };
  breaker.openings = openings + 1;
  breaker.recovered = 0;
}
