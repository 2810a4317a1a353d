// Open holds as operators see them, oldest first, and the same for the terminal.
import { usdFromPico } from '@libs/governance/money';
import type { GovernanceState } from '@libs/governance/state';
import type { JobStatus } from '@libs/jobs/state';
import { callsOf } from '@libs/jobs/unknown-calls';
import { statusOf } from '@libs/jobs/view';
import { findJob, type PartitionState } from '../partition-state';

export interface HoldLine {
  readonly job: string;
  /** Attempt id; `unknown:<routing>` where no call is known by name. */
  readonly attempt: string;
  readonly routing: number;
  readonly provider: string;
  readonly provider_key: string;
  readonly model: string;
  /** The model as the client named it. */
  readonly asked: string;
  readonly key: string;
  readonly team: string | null;
  readonly customer: string;
  readonly job_status: JobStatus;
  /** Decimal USD; null: a price is missing, so nobody knows how much to hold. */
  readonly held_usd: string | null;
  readonly since: string;
  /** When the policy writes it off; null: never. */
  readonly written_off_at: string | null;
}

export interface HoldsPage {
  readonly data: readonly HoldLine[];
  /** Where the next page begins; null: this is the last. */
  readonly next: string | null;
}

/** At most `most` holds, those behind `after`, where a page ended. */
export function holdsPage(
  state: PartitionState, { writeOffAfterMs: afterMs }: GovernanceState,
  { after, most }: { readonly after: string | null; readonly most: number },
): HoldsPage {
  const data: HoldLine[] = [];
  const [fromMs, behind] = placeOf(after);
  // What was closed meanwhile has no place any more: then all of its millisecond comes again.
  let isBehind = behind === null || !state.holds.open.has(behind);
  let taken = 0;
  let last: string | null = null;
  for (const [name, { job: id, routing, sinceMs }] of state.holds.open) {
    if (!isBehind) { isBehind = name === behind; continue; }
    if (sinceMs < fromMs) continue;
    if (taken === most) return { data, next: last };
    taken += 1;
    last = `${sinceMs} ${name}`;
    const job = findJob(state, id);
    const entry = job?.unknownRoutings.find((one) => one.routing === routing);
    if (job === undefined || entry === undefined) continue;
    const { submitted: { model: asked, key, team }, tenant: customer } = job;
    const common = {
      job: id, routing, asked, key, team, customer, job_status: statusOf(job),
      since: new Date(sinceMs).toISOString(),
      written_off_at: afterMs === null ? null : new Date(sinceMs + afterMs).toISOString(),
    };
    for (const { attempt, provider, key: providerKey, model, holdPicoUsd } of callsOf(job, entry)) {
      data.push({
        ...common, attempt, provider, provider_key: providerKey, model,
        held_usd: holdPicoUsd === null ? null : usdFromPico(holdPicoUsd),
      });
    }
  }
  return { data, next: null };
}

function placeOf(after: string | null): readonly [fromMs: number, behind: string | null] {
  if (after === null) return [-Infinity, null];
  const space = after.indexOf(' ');
  return [Number(after.slice(0, space)), after.slice(space + 1)];
}
