// Erasures of data subjects, for the holder of the admin token.
import { Controller, Inject, Post, Req, Res } from '@nestjs/common';
import { type FastifyReply, type FastifyRequest } from 'fastify';
import { Edge } from '../shared/edge';
import { sendJson, sendRefusal } from '../shared/respond';
import { mayAdminister } from './admin-token';
import { eraseSubject } from './erase-subject';

@Controller('admin/v1/erasures')
export class ErasuresController {
  constructor(@Inject(Edge) private readonly edge: Edge) {}

  @Post()
  async erase(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    const refused = mayAdminister(this.edge, request);
    if (refused !== null) { sendRefusal(reply, 'openai', refused); return; }
    const answer = await eraseSubject(this.edge, request);
    if ('kind' in answer) { sendRefusal(reply, 'openai', answer); return; }
    sendJson(reply, answer.status, answer.body);
  }
}
