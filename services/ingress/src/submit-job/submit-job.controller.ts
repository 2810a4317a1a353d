// POST /v1/jobs: work that is left behind.
import { Controller, Inject, Post, Req, Res } from '@nestjs/common';
import { type FastifyReply, type FastifyRequest } from 'fastify';
import { Edge } from '../shared/edge';
import { prefixes } from '../shared/paths';
import { isRefusal } from '../shared/refusal';
import { sayMasked, sendRefusal, tellClamped } from '../shared/respond';
import { answerAsync } from '../shared/submit';
import { readJobOrder } from './read-job-order';

@Controller(prefixes)
export class SubmitJobController {
  constructor(@Inject(Edge) private readonly edge: Edge) {}

  @Post('jobs')
  async submit(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    const order = readJobOrder(this.edge, request);
    if (isRefusal(order)) { sendRefusal(reply, 'openai', order); return; }
    const { asked, runAtMs } = order;
    sayMasked(reply, asked);
    tellClamped(reply, asked.clamped);
    const when = runAtMs === null ? {} : { runAtMs };
    // Errors of the order are in OpenAI's envelope; the answer has the endpoint's surface.
    await answerAsync(this.edge, asked, { mode: 'async', surface: 'openai', ...when }, reply);
  }
}
