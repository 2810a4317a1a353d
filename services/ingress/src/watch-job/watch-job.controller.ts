// Looking at jobs: one (with long poll), its result, its stream, its timeline, and lists.
import { Controller, Get, Inject, Param, Req, Res } from '@nestjs/common';
import { type FastifyReply, type FastifyRequest } from 'fastify';
import { z } from 'zod';
import { isEndpoint, surfaceOf } from '@libs/surfaces/surface';
import { Edge } from '../shared/edge';
import { findJob, type FoundJob } from '../shared/job-views';
import { prefixes } from '../shared/paths';
import { readQuery } from '../shared/read-json';
import { type HttpRefusal, isRefusal } from '../shared/refusal';
import { jobHeaders, sendJson, sendOutcome, sendRefusal } from '../shared/respond';
import { timelineOf } from '../shared/timeline';
import { attachStream } from './attach-stream';
import { listJobs } from './list-jobs';
import { waitUntilSettled } from './wait-until-settled';

/** Ten minutes: the longest a sync request waits too. */
const longPollMaxS = 600;
const waitQuery = z.object({ wait: z.coerce.number().min(0).max(longPollMaxS).default(0) });

@Controller(prefixes)
export class WatchJobController {
  constructor(@Inject(Edge) private readonly edge: Edge) {}

  @Get('jobs')
  async list(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    const page = await listJobs(this.edge, request);
    if (isRefusal(page)) { sendRefusal(reply, 'openai', page); return; }
    sendJson(reply, 200, page);
  }

  @Get('jobs/:id')
  async one(
    @Req() request: FastifyRequest, @Param('id') id: string, @Res() reply: FastifyReply,
  ): Promise<void> {
    const found = await this.#find(request, id);
    if (isRefusal(found)) { sendRefusal(reply, 'openai', found); return; }
    const query = readQuery(request, waitQuery);
    if (isRefusal(query)) { sendRefusal(reply, 'openai', query); return; }
    if (found.terminal !== null || query.wait === 0) { this.#show(reply, found); return; }
    const refused = this.edge.admission.enter();
    if (refused !== null) { sendRefusal(reply, 'openai', refused); return; }
    try {
      await waitUntilSettled(this.edge, found, { reply, waitMs: query.wait * 1000 });
    } finally {
      this.edge.admission.leave();
    }
    if (reply.raw.destroyed) return;
    const now = await this.#find(request, id);
    if (isRefusal(now)) { sendRefusal(reply, 'openai', now); return; }
    this.#show(reply, now);
  }

  @Get('jobs/:id/result')
  async result(
    @Req() request: FastifyRequest, @Param('id') id: string, @Res() reply: FastifyReply,
  ): Promise<void> {
    const found = await this.#find(request, id);
    if (isRefusal(found)) { sendRefusal(reply, 'openai', found); return; }
    if (found.terminal === null) {
      reply.headers({ ...jobHeaders(found.id), 'retry-after': '1' });
      sendJson(reply, 202, found.view); return;
    }
    const outcome = await this.edge.read(found.id, found.terminal);
    const { endpoint } = found.view;
    const known = typeof endpoint === 'string' && isEndpoint(endpoint) ? endpoint : null;
    const surface = known === null ? 'openai' : surfaceOf(known);
    sendOutcome(reply, surface, outcome, { replayed: false });
  }

  @Get('jobs/:id/stream')
  async stream(
    @Req() request: FastifyRequest, @Param('id') id: string, @Res() reply: FastifyReply,
  ): Promise<void> {
    const found = await this.#find(request, id);
    if (isRefusal(found)) { sendRefusal(reply, 'openai', found); return; }
    await attachStream(this.edge, found, request, reply);
  }

  @Get('jobs/:id/events')
  async events(
    @Req() request: FastifyRequest, @Param('id') id: string, @Res() reply: FastifyReply,
  ): Promise<void> {
    const found = await this.#find(request, id);
    if (isRefusal(found)) { sendRefusal(reply, 'openai', found); return; }
    sendJson(reply, 200, await timelineOf(this.edge, found.id, 'client'));
  }

  async #find(request: FastifyRequest, id: string): Promise<FoundJob | HttpRefusal> {
    const key = this.edge.authenticate(request);
    return isRefusal(key) ? key : findJob(this.edge, key, id);
  }

  #show(reply: FastifyReply, found: FoundJob): void {
    reply.headers(jobHeaders(found.id));
    sendJson(reply, 200, found.view);
  }
}
