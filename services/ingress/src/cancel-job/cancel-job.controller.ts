// POST /v1/jobs/{id}/cancel and /redrive.
import { Controller, Inject, Param, Post, Req, Res } from '@nestjs/common';
import { type FastifyReply, type FastifyRequest } from 'fastify';
import { cancelRequested } from '../shared/appends';
import { Edge } from '../shared/edge';
import { JobFollow } from '../shared/follow-job';
import { findJob, type FoundJob } from '../shared/job-views';
import { prefixes } from '../shared/paths';
import { isRefusal } from '../shared/refusal';
import { jobHeaders, sendJson, sendRefusal } from '../shared/respond';
import { redrive } from './redrive';

/**
 * A worker ends a running call within a second or two; after that the answer is the job as it is.
 */
const settleWaitMs = 3_000;

@Controller(prefixes)
export class CancelJobController {
  constructor(@Inject(Edge) private readonly edge: Edge) {}

  @Post('jobs/:id/cancel')
  async cancel(
    @Req() request: FastifyRequest, @Param('id') id: string, @Res() reply: FastifyReply,
  ): Promise<void> {
    const key = this.edge.authenticate(request);
    if (isRefusal(key)) { sendRefusal(reply, 'openai', key); return; }
    const found = await findJob(this.edge, key, id);
    if (isRefusal(found)) { sendRefusal(reply, 'openai', found); return; }
    if (found.terminal === null) await this.#cancel(found);
    const now = await findJob(this.edge, key, id);
    if (isRefusal(now)) { sendRefusal(reply, 'openai', now); return; }
    reply.headers(jobHeaders(now.id));
    sendJson(reply, 200, now.view);
  }

  @Post('jobs/:id/redrive')
  async redrive(
    @Req() request: FastifyRequest, @Param('id') id: string, @Res() reply: FastifyReply,
  ): Promise<void> {
    const made = await redrive(this.edge, request, id);
    if (isRefusal(made)) { sendRefusal(reply, 'openai', made); return; }
    reply.headers({ ...jobHeaders(made.job), location: `/v1/jobs/${made.job}` });
    sendJson(reply, 202, made.view);
  }

  async #cancel(found: FoundJob): Promise<void> {
    const { edge } = this;
    const follow = new JobFollow(edge.waiters, {
      job: found.id, partition: edge.partitionOf(found.tenant),
    });
    try {
      const about = { job: found.id, tenant: found.tenant, by: 'client' as const };
      await edge.appends.record(cancelRequested(about, null));
      edge.waiters.ask(found.id);
      let timer: NodeJS.Timeout | undefined;
      const timeout = new Promise((resolve) => {
        timer = setTimeout(resolve, settleWaitMs);
      });
      await Promise.race([follow.end, timeout]);
      clearTimeout(timer);
    } finally {
      follow.stop();
    }
  }
}
