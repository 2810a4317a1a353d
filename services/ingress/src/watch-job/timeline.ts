// GET /v1/jobs/{id}/events: everything that happened to a job, with each routing decision's
// reasons. Facts only; prompts and answers are read at the result.
import { type AnyEvent } from '@libs/events/envelope';
import { explained } from '@libs/jobs/explain';
import { type Edge } from '../shared/edge';

export async function timelineOf(edge: Edge, job: string): Promise<object> {
  const entries = await edge.archive.timeline(job);
  return {
    object: 'list',
    data: entries.map(({ position, event }) => ({ ...shown(event), position })),
  };
}

function shown(event: AnyEvent): object {
  const { id, type, version, time, causation, data } = event;
  const words = explained(event);
  return {
    id, type, version, time, ...(causation === undefined ? {} : { causation }),
    ...(words === null ? {} : { explained: words }), data,
  };
}
