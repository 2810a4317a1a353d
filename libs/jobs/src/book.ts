// What jobs have cost and what is still held for them. Money is booked once per attempt id; a routing
// whose end nobody learned is listed as unknown and keeps its hold, it is never booked as zero.
import type { JobState, UnknownRouting } from './state';

export interface UnknownLine extends UnknownRouting {
  readonly job: string;
  readonly tenant: string;
}

export interface Book {
  /** Sum of every known cost. */
  readonly bookedPicoUsd: string;
  /** Calls whose cost is known. */
  readonly bookedAttempts: number;
  /** Calls that answered and whose cost is not known (no usage, or no price). */
  readonly unpricedAttempts: number;
  readonly unknown: readonly UnknownLine[];
  /** Sum of the holds of running and unknown routings. */
  readonly heldPicoUsd: string;
  /** Routings that should hold something nobody could estimate (a price is missing). */
  readonly unpricedHolds: number;
}

export function bookOf(jobs: Iterable<JobState>): Book {
  const booked = new Set<string>();
  const unknown: UnknownLine[] = [];
  let bookedPico = 0n;
  let heldPico = 0n;
  let unpricedAttempts = 0;
  let unpricedHolds = 0;
  for (const job of jobs) {
    for (const { attempt_id: id, cost_pico_usd: cost, outcome } of job.attempts) {
      if (cost !== null && !booked.has(id)) bookedPico += BigInt(cost);
      if (cost !== null) booked.add(id);
      if (cost === null && outcome === 'succeeded') unpricedAttempts += 1;
    }
    for (const entry of job.unknownRoutings) {
      unknown.push({ ...entry, job: job.id, tenant: job.tenant });
    }
    for (const amount of holdsOf(job)) {
      if (amount === null) unpricedHolds += 1;
      else heldPico += BigInt(amount);
    }
  }
  return {
    bookedPicoUsd: String(bookedPico),
    bookedAttempts: booked.size,
    unpricedAttempts,
    unknown,
    heldPicoUsd: String(heldPico),
    unpricedHolds,
  };
}

/** What is held for one job now: by its running routing, and by each that is still unknown. */
export function holdsOf(job: JobState): readonly (string | null)[] {
  const held = job.unknownRoutings
    .filter((entry) => !entry.writtenOff)
    .map((entry) => entry.holdPicoUsd);
  if (job.phase === 'running') held.push(job.routed.hold?.amount_pico_usd ?? null);
  return held;
}
