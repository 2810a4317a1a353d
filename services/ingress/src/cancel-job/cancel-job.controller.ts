// POST /v1/jobs/{id}/cancel and /redrive.
import { Controller, Inject, Param, Post, Req, Res } from '@nestjs/common';
import { type FastifyReply, type FastifyRequest } from 'fastify';
import { cancelJob } from '../shared/cancel-job';
import { Edge } from '../shared/edge';
import { findJob } from '../shared/job-views';
import { prefixes } from '../shared/paths';
import { redrive } from '../shared/redrive';
import { isRefusal } from '../shared/refusal';
import { jobHeaders, sendJson, sendRefusal } from '../shared/respond';

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
    if (found.terminal === null) await cancelJob(this.edge, found, { by: 'client' });
    const now = await findJob(this.edge, key, id);
    if (isRefusal(now)) { sendRefusal(reply, 'openai', now); return; }
    reply.headers(jobHeaders(now.id));
    sendJson(reply, 200, now.view);
  }

  @Post('jobs/:id/redrive')
  async redrive(
    @Req() request: FastifyRequest, @Param('id') id: string, @Res() reply: FastifyReply,
  ): Promise<void> {
    const key = this.edge.authenticate(request);
    if (isRefusal(key)) { sendRefusal(reply, 'openai', key); return; }
    const found = await findJob(this.edge, key, id);
    if (isRefusal(found)) { sendRefusal(reply, 'openai', found); return; }
    const made = await redrive(this.edge, { found, key, request });
    if (isRefusal(made)) { sendRefusal(reply, 'openai', made); return; }
    reply.headers({ ...jobHeaders(made.job), location: `/v1/jobs/${made.job}` });
    sendJson(reply, 202, made.view);
  }
}
