// Where an archived job ended, as far as its state says so.
import { type LinePosition } from '@libs/events/content';
import { type JobState } from '@libs/jobs/state';
import { type ArchivedJob } from './job-archive';

export function archivedEnd(job: ArchivedJob | null): LinePosition | { of: string } | null {
  if (job === null) return null;
  const state = job.state as JobState;
  if (state.phase === 'deduplicated') return { of: state.of };
  return state.phase === 'settled' ? state.terminal : null;
}
