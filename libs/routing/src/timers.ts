// Wake-up times of jobs, in buckets of 100 ms: setting, moving and removing one costs the same
// whatever their number. A heap was not taken: with a deadline per job its stale entries would
// stay for minutes (600 s of deadlines at 4,000 jobs/s are 2.4 million).

/** 100 ms: the shortest deferral is 1 s, and nobody can tell a tenth of it. */
const bucketMs = 100;

export interface Timers {
  readonly buckets: Map<number, Set<string>>;
  /** Every bucket up to here was taken. */
  cursor: number | null;
}

export function newTimers(): Timers {
  return { buckets: new Map(), cursor: null };
}

/** Moves a job's wake-up from one time to another; null is none. */
export function moveTimer(
  timers: Timers, id: string, beforeMs: number | null, afterMs: number | null,
): void {
  const before = beforeMs === null ? null : bucketOf(beforeMs);
  let after = afterMs === null ? null : bucketOf(afterMs);
  if (before !== null && before !== after) remove(timers, id, before);
  if (after === null) return;
  // A time that is past already is due with the next look.
  if (timers.cursor !== null && after <= timers.cursor) after = timers.cursor + 1;
  const bucket = timers.buckets.get(after);
  if (bucket === undefined) timers.buckets.set(after, new Set([id]));
  else bucket.add(id);
}

/** Takes the jobs whose time has come. They may have moved since: look at their state. */
export function takeDue(timers: Timers, nowMs: number): string[] {
  const now = Math.floor(nowMs / bucketMs);
  const from = timers.cursor ?? -Infinity;
  timers.cursor = Math.max(now, from);
  if (timers.buckets.size === 0 || now <= from) return [];
  const due: string[] = [];
  const steps = now - from;
  if (steps <= timers.buckets.size) {
    for (let bucket = from + 1; bucket <= now; bucket += 1) take(timers, bucket, due);
  } else {
    const keys = [...timers.buckets.keys()].filter((bucket) => bucket <= now);
    for (const bucket of keys.sort((a, b) => a - b)) take(timers, bucket, due);
  }
  return due;
}

function bucketOf(timeMs: number): number {
  return Math.ceil(timeMs / bucketMs);
}

function take(timers: Timers, bucket: number, due: string[]): void {
  const ids = timers.buckets.get(bucket);
  if (ids === undefined) return;
  for (const id of ids) due.push(id);
  timers.buckets.delete(bucket);
}

function remove(timers: Timers, id: string, bucket: number): void {
  const ids = timers.buckets.get(bucket);
  if (ids === undefined) return;
  ids.delete(id);
  if (ids.size === 0) timers.buckets.delete(bucket);
}
