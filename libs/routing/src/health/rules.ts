// Thresholds of health with the reason of each default. Every one can be set for all providers and
// for each (`health` in holdfast.yaml).
import type { HealthRulesConfig } from '@libs/events/routing-policy';

/** Shares are 0 to 1, times in ms. */
export interface HealthRules {
  /** false: what is learned is shown and changes no decision. */
  readonly enabled: boolean;
  /**
   * Share of failed calls in the window that opens the breaker. Half: with a fallback a call at such
   * a target costs its caller a detour every second time; a brown-out of 20 % is better lessened
   * (weights follow the share) than cut off, since the others may not carry the whole traffic.
   */
  readonly failureShare: number;
  /** Fewer calls in the window say nothing: of 10, 5 failures of a 10 % target come once in 600. */
  readonly failuresMin: number;
  /**
   * So many in a row open it at once; of a target that fails often anyway as many more as are rare for
   * it (9 at a fifth), so that a brown-out at a high rate does not look like an outage now and then.
   */
  readonly consecutiveFailures: number;
  /** First open time: most resets and restarts of a provider are over within it. */
  readonly openMs: number;
  /** Doubled with each opening up to this: a provider that comes back is found within a minute. */
  readonly openMaxMs: number;
  /** Calls let through at once while half open; more after each success. */
  readonly halfOpenCalls: number;
  /** Successes in a row that close it. */
  readonly closeAfter: number;
  /** A target that has recovered gets its share back over this time: caches and scalers are cold. */
  readonly slowStartMs: number;
  /** Latency against its own baseline that makes it degraded: answers differ by 2 without any fault. */
  readonly slowFactor: number;
  /** Recent calls before latency says something. */
  readonly slowMinSamples: number;
  /** Below this part of an announced limit the rest is spread until its reset. */
  readonly paceBelow: number;
  /** A 429 without a time: short at first, since each further one doubles it (up to 16 times). */
  readonly coolingMs: number;
  /** A key without quota or with bad credentials: a person mends it, and one job tries it after this. */
  readonly outMs: number;
  /** Calls without an answer for so long, and for four times what nine of ten take, are stuck. */
  readonly stuckAfterMs: number;
}

export const defaultRules: HealthRules = {
  enabled: true,
  failureShare: 0.5,
  failuresMin: 10,
  consecutiveFailures: 5,
  openMs: 5_000,
  openMaxMs: 60_000,
  halfOpenCalls: 1,
  closeAfter: 3,
  slowStartMs: 20_000,
  slowFactor: 3,
  slowMinSamples: 8,
  paceBelow: 0.1,
  coolingMs: 2_000,
  outMs: 300_000,
  stuckAfterMs: 3_000,
};

export function rulesOf(config: HealthRulesConfig | undefined): HealthRules {
  if (config === undefined) return defaultRules;
  const d = defaultRules;
  return {
    enabled: config.enabled ?? d.enabled,
    failureShare: config.failure_share ?? d.failureShare,
    failuresMin: config.failures_min ?? d.failuresMin,
    consecutiveFailures: config.consecutive_failures ?? d.consecutiveFailures,
    openMs: config.open_ms ?? d.openMs,
    openMaxMs: config.open_max_ms ?? d.openMaxMs,
    halfOpenCalls: config.half_open_calls ?? d.halfOpenCalls,
    closeAfter: config.close_after ?? d.closeAfter,
    slowStartMs: config.slow_start_ms ?? d.slowStartMs,
    slowFactor: config.slow_factor ?? d.slowFactor,
    slowMinSamples: config.slow_min_samples ?? d.slowMinSamples,
    paceBelow: config.pace_below ?? d.paceBelow,
    coolingMs: config.cooling_ms ?? d.coolingMs,
    outMs: config.out_ms ?? d.outMs,
    stuckAfterMs: config.stuck_after_ms ?? d.stuckAfterMs,
  };
}
