// Long poll: waits until a job settles, the time is over, or the client leaves.
import { type FastifyReply } from 'fastify';
import { type Edge } from '../shared/edge';
import { JobFollow } from '../shared/follow-job';
import { type FoundJob } from '../shared/job-views';

export async function waitUntilSettled(
  edge: Edge, found: FoundJob, options: { reply: FastifyReply; waitMs: number },
): Promise<void> {
  const { reply, waitMs } = options;
  const follow = new JobFollow(edge.waiters, {
    job: found.id, partition: edge.partitionOf(found.tenant),
  });
  edge.waiters.ask(found.id);
  await new Promise<void>((resolve) => {
    const timer = setTimeout(resolve, waitMs);
    const stop = (): void => {
      clearTimeout(timer);
      resolve();
    };
    reply.raw.once('close', stop);
    void follow.end.then(stop);
  });
  follow.stop();
}
