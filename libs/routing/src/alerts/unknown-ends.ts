// Calls whose end nobody has learned, with what an alert says of them and which one did.
import type { JobState, UnknownRouting } from '@libs/jobs/state';

export interface UnknownEnd {
  readonly job: string;
  readonly tenant: string;
  readonly routing: number;
  /** null: nobody knows whether a call was made. */
  readonly attempt: string | null;
  readonly provider: string;
  readonly key: string;
  readonly model: string;
  readonly holdPicoUsd: string | null;
  /** The log's time. */
  readonly sinceMs: number;
  /** The alert that told it; null: none did. */
  readonly toldBy: string | null;
}

type UnknownEnds = Map<string, UnknownEnd>;

/** Of 300 bytes each; the oldest go first. Those of bounded jobs are in the ledger, too. */
const keptMax = 10_000;

export function unknownName(job: string, routing: number): string {
  return `${job}#${routing}`;
}

/** After a job went from one state to another. */
export function followUnknown(
  table: { readonly unknown: UnknownEnds; unknownNoted: number },
  before: JobState | undefined, after: JobState, atMs: number,
): void {
  const { unknown: ends } = table;
  for (const { routing } of before?.unknownRoutings ?? []) {
    if (openEntry(after, routing) === undefined) ends.delete(unknownName(after.id, routing));
  }
  for (const entry of after.unknownRoutings) {
    if (entry.writtenOff) continue;
    const name = unknownName(after.id, entry.routing);
    const known = ends.get(name);
    const isNew = !(before?.unknownRoutings ?? []).some(({ routing }) => routing === entry.routing);
    if (known === undefined && !isNew) continue;
    if (known === undefined) table.unknownNoted += 1;
    const { sinceMs, toldBy } = known ?? { sinceMs: atMs, toldBy: null };
    ends.set(name, endOf(after, entry, { sinceMs, toldBy }));
  }
  if (ends.size > keptMax) ends.delete(ends.keys().next().value as string);
}

/** Those of one customer at one provider that were unknown by then are told. */
export function markTold(
  ends: UnknownEnds, alert: string,
  which: { readonly tenant: string; readonly provider: string; readonly untilMs: number },
): void {
  for (const [name, end] of ends) {
    if (end.sinceMs > which.untilMs) return;
    if (end.toldBy === null && end.tenant === which.tenant && end.provider === which.provider) {
      ends.set(name, { ...end, toldBy: alert });
    }
  }
}

function openEntry(job: JobState, routing: number): UnknownRouting | undefined {
  return job.unknownRoutings.find((entry) => entry.routing === routing && !entry.writtenOff);
}

function endOf(
  { id, tenant }: JobState, entry: UnknownRouting, more: Pick<UnknownEnd, 'sinceMs' | 'toldBy'>,
): UnknownEnd {
  const { routing, attemptId: attempt, provider, key, model, holdPicoUsd } = entry;
  return { job: id, tenant, routing, attempt, provider, key, model, holdPicoUsd, ...more };
}
