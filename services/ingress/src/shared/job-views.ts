// A job as its owner's fold or the archive knows it, shown only to keys that may see it.
import { type LinePosition } from '@libs/events/content';
import { maySee } from '@libs/governance/access';
import { type VirtualKey } from '@libs/governance/state';
import { evolve } from '@libs/jobs/evolve';
import { type JobState } from '@libs/jobs/state';
import { viewOf } from '@libs/jobs/view';
import { type JobAnswer } from '@libs/signals/ask-messages';
import { Fault, isFault } from '@libs/faults/faults';
import { askJob } from './ask-router';
import { type Edge } from './edge';
import { type HttpRefusal, refusal } from './refusal';
import { type Submission } from './submission';

export interface FoundJob {
  readonly id: string;
  readonly tenant: string;
  readonly view: Readonly<Record<string, unknown>>;
  /** Where its outcome stands; null while it has none. */
  readonly terminal: LinePosition | null;
}

/** The view of a job that was appended a moment ago. */
export function queuedView(submission: Submission): unknown {
  // Its position is not part of the view.
  const state = evolve(undefined, submission.event, { sequence: 0, line: 0 });
  return state === undefined ? null : viewOf(state);
}

/** @throws Fault router_unavailable, archive_unavailable */
export async function findJob(
  edge: Edge, key: VirtualKey, id: string,
): Promise<FoundJob | HttpRefusal> {
  const missing = refusal(404, 'job_not_found', `There is no job "${id.slice(0, 64)}".`);
  if (!/^job_[0-9a-f]{32}$/.test(id)) return missing;
  const live = await askWhileFresh(edge, key.tenant, id);
  if (live?.known === true) {
    if (!maySee(key, live)) return missing;
    if (live.duplicate_of !== null) return findJob(edge, key, live.duplicate_of);
    return { id, tenant: key.tenant, view: live.view, terminal: live.terminal };
  }
  const archived = await edge.archive.find(id);
  if (archived === null && live === null) {
    // Accepted a moment ago, perhaps: while nobody owns the partition that cannot be denied.
    throw new Fault('router_unavailable', 'no router answers for this job yet; ask again');
  }
  if (archived === null || !maySee(key, archived)) return missing;
  const state = archived.state as JobState;
  if (state.phase === 'deduplicated') return findJob(edge, key, state.of);
  return {
    id,
    tenant: key.tenant,
    view: viewOf(state) as unknown as Record<string, unknown>,
    terminal: state.phase === 'settled' ? state.terminal : null,
  };
}

/** The current view, for a job that the caller may see anyway. */
export async function jobViewNow(edge: Edge, tenant: string, job: string): Promise<unknown> {
  const answer = await askWhileFresh(edge, tenant, job);
  if (answer?.known === true) return answer.view;
  const archived = await edge.archive.find(job);
  return archived === null ? null : viewOf(archived.state as JobState);
}

/** The owner folds a submission within milliseconds; a second covers a busy one. */
const freshMs = 5_000;
const freshAskMs = 50;
const freshAsksMax = 20;

/**
 * Asks the owner; a job whose id was made a moment ago may not be folded yet, so it is asked for
 * again.
 * null: no owner answered and the archive must say what it knows.
 */
async function askWhileFresh(edge: Edge, tenant: string, job: string): Promise<JobAnswer | null> {
  const partition = edge.partitionOf(tenant);
  try {
    for (let asks = 1; ; asks += 1) {
      const answer = await askJob(edge.signals, partition, { job, watch: null });
      const fresh = edge.now() - madeAtMs(job) < freshMs;
      if (answer.known || !fresh || asks >= freshAsksMax) return answer;
      await new Promise((resolve) => setTimeout(resolve, freshAskMs));
    }
  } catch (error) {
    if (!isFault(error, 'router_unavailable')) throw error;
    return null;
  }
}

/** UUIDv7: the first 48 bits are the time. */
function madeAtMs(job: string): number {
  return Number.parseInt(job.slice('job_'.length, 'job_'.length + 12), 16);
}
