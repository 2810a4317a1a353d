// Idempotency keys as part of the fold: per virtual key the first submission in log order holds a
// key for 24 h. Only success and the client's own errors keep it; another end frees it.
import type { AttemptErrorClass } from '@libs/events/attempt-errors';
import type { Catalogue } from '@libs/events/catalogue';
import type { JobState, SettledJob } from '@libs/jobs/state';

export interface IdempotencyEntry {
  readonly job: string;
  readonly bodySha256: string;
  readonly atMs: number;
}

/** By virtual key and idempotency key, in log order of their submissions. */
export type IdempotencyTable = Map<string, IdempotencyEntry>;

export type Verdict =
  | { readonly kind: 'accepted' }
  | { readonly kind: 'duplicate'; readonly of: string }
  | { readonly kind: 'mismatch'; readonly of: string };

/** 24 h (api.md, section 2). */
const keptMs = 24 * 3_600_000;
/** About 25 MB of entries per partition; the oldest give way. */
const entriesMax = 100_000;

/** What the log says of a keyed submission, at its place in the log. */
export function claim(
  table: IdempotencyTable, job: string, submitted: Catalogue['JobSubmitted'], atMs: number,
): Verdict | null {
  if (submitted.idempotency === null) return null;
  dropOld(table, atMs);
  const name = entryName(submitted);
  const held = table.get(name);
  if (held === undefined || held.job === job) {
    table.set(name, { job, bodySha256: submitted.idempotency.body_sha256, atMs });
    return { kind: 'accepted' };
  }
  const same = sameBody(held.bodySha256, submitted.idempotency.body_sha256);
  return { kind: same ? 'duplicate' : 'mismatch', of: held.job };
}

/** Of which one is keyed and the other is not, nobody can say that they are of different bodies. */
function sameBody(one: string, other: string): boolean {
  return one === other || one.includes(':') !== other.includes(':');
}

/** Frees the key of a job that ended in a way worth another try. */
export function release(table: IdempotencyTable, job: JobState): void {
  if (job.submitted.idempotency === null || job.phase !== 'settled' || keeps(job)) return;
  const name = entryName(job.submitted);
  if (table.get(name)?.job === job.id) table.delete(name);
}

const clientsOwn: ReadonlySet<string> = new Set<AttemptErrorClass>([
  'invalid_request', 'model_not_found', 'context_too_long', 'content_filtered',
]);

function keeps(job: SettledJob): boolean {
  if (job.status === 'succeeded') return true;
  return job.status === 'failed' && job.error !== null && clientsOwn.has(job.error.class);
}

function entryName(submitted: Catalogue['JobSubmitted']): string {
  return `${submitted.key}\n${submitted.idempotency?.key ?? ''}`;
}

function dropOld(table: IdempotencyTable, nowMs: number): void {
  for (const [name, entry] of table) {
    if (table.size < entriesMax && entry.atMs > nowMs - keptMs) return;
    table.delete(name);
  }
}
