// When alerts are raised where nobody says otherwise.
import type { AlertSettings } from '@libs/events/alert-events';

const dayMs = 86_400_000;

export const defaultAlerts: AlertSettings = {
  // A week to order a new key and roll it out; a day before everything stops.
  key_expiring_ms: [7 * dayMs, dayMs],
  /**
   * Most unknown ends are heard of late: a worker that was cut off tells within seconds of coming
   * back, and nobody can do anything in the first minutes. So not at once.
   */
  outcome_unknown_after_ms: 5 * 60_000,
  endpoints: [],
};
