// Calls by how they ended over the last minute, in slots of ten seconds of the log's time.

export interface OutcomeWindow {
  /** Newest last; `start` is a multiple of the slot. */
  readonly slots: { start: number; calls: number; failed: number }[];
}

export interface OutcomeCounts {
  readonly calls: number;
  readonly failed: number;
}

export const windowMs = 60_000;
const slotMs = 10_000;

export function newWindow(): OutcomeWindow {
  return { slots: [] };
}

export function countOutcome(window: OutcomeWindow, failed: boolean, atMs: number): void {
  const { slots } = window;
  const start = atMs - atMs % slotMs;
  let slot = slots.at(-1);
  // The log's time may go back a little with its server's clock: then the newest slot takes it.
  if (slot === undefined || slot.start < start) {
    slot = { start, calls: 0, failed: 0 };
    slots.push(slot);
    while ((slots[0] as typeof slot).start <= start - windowMs) slots.shift();
  }
  slot.calls += 1;
  if (failed) slot.failed += 1;
}

export function countsAt(window: OutcomeWindow, atMs: number): OutcomeCounts {
  let calls = 0;
  let failed = 0;
  for (const slot of window.slots) {
    if (slot.start <= atMs - windowMs - slotMs) continue;
    calls += slot.calls;
    failed += slot.failed;
  }
  return { calls, failed };
}

export function emptyWindow(window: OutcomeWindow): void {
  window.slots.length = 0;
}
