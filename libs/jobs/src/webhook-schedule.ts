// When a failed webhook delivery is tried again.

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;

/** Delays after each failed try, as the Standard Webhooks specification recommends. */
export const webhookRetryDelaysMs: readonly number[] = [
  5_000, 5 * minuteMs, 30 * minuteMs, 2 * hourMs, 5 * hourMs,
  10 * hourMs, 14 * hourMs, 20 * hourMs, 24 * hourMs,
];

/** The first try and one after each delay. */
export const webhookTriesMax = webhookRetryDelaysMs.length + 1;

/** A receiver may ask for patience, not for eternity: as long as the schedule's longest step. */
export const webhookRetryAfterMaxMs = 24 * hourMs;

/**
 * Delay after failed try number `tryNumber` (1 is the first): the later of the schedule and the
 * receiver's Retry-After. null: that was the last try.
 */
export function retryDelayMs(tryNumber: number, retryAfterMs: number | null): number | null {
  const scheduledMs = webhookRetryDelaysMs[tryNumber - 1];
  if (scheduledMs === undefined) return null;
  return Math.max(scheduledMs, Math.min(retryAfterMs ?? 0, webhookRetryAfterMaxMs));
}
