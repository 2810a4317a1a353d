// One inference call under way, and what follows when its client leaves.
import { type FastifyReply } from 'fastify';
import { type RateLeft } from '@libs/events/limits';
import { type Surface } from '@libs/surfaces/surface';
import { type Edge } from '../shared/edge';
import { type JobFollow } from '../shared/follow-job';
import { type Asked } from '../shared/read-request';
import { type Submission } from '../shared/submission';

export interface Call {
  readonly edge: Edge;
  readonly surface: Surface;
  readonly asked: Asked;
  readonly reply: FastifyReply;
}

/** The client is gone: its job goes with it, unless others wait for it or it asked to continue. */
export function leaveJob(edge: Edge, follow: JobFollow, submission: Submission): void {
  edge.metrics.happened('client_gone');
  const nobodyElse = follow.stop();
  if (!nobodyElse || submission.event.data.on_disconnect !== 'cancel') return;
  edge.appends.cancel({ job: follow.job, tenant: submission.tenant, by: 'disconnect' });
}

/** What an own answer tells of the limits of its key holds for the answers that tell nothing, too. */
export function noteRates(
  edge: Edge, { key, inspection: { model } }: Asked,
  { rates }: { readonly rates?: readonly RateLeft[] }, follow: JobFollow,
): void {
  if (rates !== undefined && !follow.replayed) edge.rates.note(key.id, model, rates);
}
