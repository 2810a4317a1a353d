// How long to wait before a crashed part is started again.

/** A process that dies at once comes back soon; one that keeps dying does not eat the machine. */
export const restartDelaysMs = [200, 500, 1_000, 2_000, 5_000] as const;

/** After this long without a crash the count starts anew. */
export const calmAfterMs = 30_000;

/** `crashes`: those in a row, this one included. */
export function restartDelayMs(crashes: number): number {
  const index = Math.min(Math.max(crashes, 1), restartDelaysMs.length) - 1;
  return restartDelaysMs[index] ?? 0;
}

/** Crashes in a row after one more at `nowMs`. */
export function crashesInARow(before: number, lastStartMs: number, nowMs: number): number {
  return nowMs - lastStartMs > calmAfterMs ? 1 : before + 1;
}
