// /admin/v1/holds: holds whose call's end nobody learned, and their end by an operator.
import { Controller, Get, Inject, Param, Post, Req, Res } from '@nestjs/common';
import { type FastifyReply, type FastifyRequest } from 'fastify';
import { actorOf } from '../shared/actor';
import { Edge } from '../shared/edge';
import { isRefusal } from '../shared/refusal';
import { sendJson, sendRefusal } from '../shared/respond';
import { mayAdminister } from './admin-token';
import { closeHold } from './close-hold';
import { listHolds } from './list-holds';

@Controller('admin/v1/holds')
export class HoldsController {
  constructor(@Inject(Edge) private readonly edge: Edge) {}

  @Get()
  async list(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    const refused = mayAdminister(this.edge, request);
    if (refused !== null) { sendRefusal(reply, 'openai', refused); return; }
    const found = await listHolds(this.edge, request);
    if (isRefusal(found)) { sendRefusal(reply, 'openai', found); return; }
    sendJson(reply, 200, found);
  }

  @Post(':job/:attempt')
  async close(
    @Req() request: FastifyRequest, @Res() reply: FastifyReply,
    @Param() { job, attempt }: { readonly job: string; readonly attempt: string },
  ): Promise<void> {
    const refused = mayAdminister(this.edge, request);
    if (refused !== null) { sendRefusal(reply, 'openai', refused); return; }
    const answer = await closeHold(this.edge, request, {
      job, attempt, actor: actorOf(request).id,
    });
    if (isRefusal(answer)) { sendRefusal(reply, 'openai', answer); return; }
    sendJson(reply, answer.status, answer.body);
  }
}
