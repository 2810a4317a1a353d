// Liveness, readiness and metrics of this process.
import { Controller, Get, Inject, Res } from '@nestjs/common';
import { type FastifyReply } from 'fastify';
import { Edge } from '../shared/edge';
import { sendJson } from '../shared/respond';

@Controller()
export class HealthController {
  constructor(@Inject(Edge) private readonly edge: Edge) {}

  @Get('health/live')
  live(@Res() reply: FastifyReply): void {
    sendJson(reply, 200, { status: 'live' });
  }

  @Get('health/ready')
  ready(@Res() reply: FastifyReply): void {
    const { signals, health, admission } = this.edge;
    const { durability } = this.edge.parts;
    const state = admission.full ? 'degraded' : 'up';
    health.set('log', signals.connected ? state : 'down', `durability: ${durability}`);
    const { status, body } = health.report();
    sendJson(reply, status, { ...body, durability });
  }

  @Get('metrics')
  async metrics(@Res() reply: FastifyReply): Promise<void> {
    const { registry } = this.edge.metrics;
    const text = await registry.metrics();
    void reply.type(registry.contentType).send(text);
  }
}
