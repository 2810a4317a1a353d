// A job of whatever customer: whose it is, its owner's fold knows, else the archive.
import { type JobState } from '@libs/jobs/state';
import { viewOf } from '@libs/jobs/view';
import { Fault, isFault } from '@libs/faults/faults';
import { askJob } from '../shared/ask-router';
import { type Edge } from '../shared/edge';
import { type FoundJob } from '../shared/job-views';
import { type HttpRefusal, refusal } from '../shared/refusal';

export interface AnyJob extends FoundJob {
  readonly team: string | null;
  readonly key: string;
}

/** @throws Fault router_unavailable, archive_unavailable */
export async function findAnyJob(edge: Edge, id: string): Promise<AnyJob | HttpRefusal> {
  const missing = refusal(404, 'job_not_found', `There is no job "${id.slice(0, 64)}".`);
  if (!/^job_[0-9a-f]{32}$/.test(id)) return missing;
  const numbers = Array.from({ length: edge.parts.partitionCount }, (_, partition) => partition);
  const answers = await Promise.all(numbers.map((partition) => askPartition(edge, partition, id)));
  const live = answers.find((answer) => answer?.known === true);
  if (live?.known === true) {
    if (live.duplicate_of !== null) return findAnyJob(edge, live.duplicate_of);
    const { tenant, team, key, view, terminal } = live;
    return { id, tenant, team, key, view, terminal };
  }
  const archived = await edge.archive.find(id);
  if (archived === null) {
    if (!answers.includes(null)) return missing;
    throw new Fault('router_unavailable', 'not every partition has an owner that answers');
  }
  const { tenant, team, key } = archived;
  const state = archived.state as JobState;
  if (state.phase === 'deduplicated') return findAnyJob(edge, state.of);
  return {
    id, tenant, team, key,
    view: viewOf(state) as unknown as Record<string, unknown>,
    terminal: state.phase === 'settled' ? state.terminal : null,
  };
}

/** null: nobody answers for it. */
async function askPartition(edge: Edge, partition: number, job: string) {
  try {
    return await askJob(edge.signals, partition, { job, watch: null });
  } catch (error) {
    if (!isFault(error, 'router_unavailable')) throw error;
    return null;
  }
}
