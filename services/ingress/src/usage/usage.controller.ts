// GET /v1/usage: what bounds the asking key, its team and its customer, and how much of it is left.
import { Controller, Get, Inject, Req, Res } from '@nestjs/common';
import { type FastifyReply, type FastifyRequest } from 'fastify';
import { limitsOf } from '@libs/governance/limits';
import { askUsage } from '../shared/ask-usage';
import { Edge } from '../shared/edge';
import { prefixes, surfaceOfPath } from '../shared/paths';
import { isRefusal } from '../shared/refusal';
import { refusalOfError, sendJson, sendRefusal } from '../shared/respond';

@Controller(prefixes)
export class UsageController {
  constructor(@Inject(Edge) private readonly edge: Edge) {}

  @Get('usage')
  async usage(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    const surface = surfaceOfPath(request.url, request.headers);
    const key = this.edge.authenticate(request);
    if (isRefusal(key)) { sendRefusal(reply, surface, key); return; }
    const { id, tenant, created: { team } } = key;
    try {
      const limits = limitsOf(this.edge.governance.state, { tenant, team, key: id });
      const data = await askUsage(this.edge, limits);
      sendJson(reply, 200, { object: 'usage', key: id, team, customer: tenant, limits: data });
    } catch (error) {
      sendRefusal(reply, surface, refusalOfError(error, this.edge.logger));
    }
  }
}
