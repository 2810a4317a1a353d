// GET /v1/jobs/{id}/events: everything that happened to a job, with each routing decision's
// reasons. Facts only; prompts and answers are read at the result.
import { type AnyEvent } from '@libs/events/envelope';
import { explained } from '@libs/jobs/explain';
import { type Edge } from './edge';

/** Who administers is nobody's but ours: the client sees what they did to the job, not who it was. */
const ofAdministrators = new Set<AnyEvent['type']>(['AdminActed', 'ContentRead']);

export async function timelineOf(
  edge: Edge, job: string, reader: 'client' | 'administrator',
): Promise<object> {
  const entries = (await edge.archive.timeline(job))
    .filter(({ event }) => reader === 'administrator' || !ofAdministrators.has(event.type));
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
