// Deliveries: what was sent where and how it went (from the archive, of alerts from the router), and
// sending one again.
import { Controller, Get, Inject, Param, Post, Req, Res } from '@nestjs/common';
import { type FastifyReply, type FastifyRequest } from 'fastify';
import { z } from 'zod';
import { type VirtualKey } from '@libs/governance/state';
import { deliveryOf } from '@libs/jobs/evolve-webhook';
import { isAlertDelivery } from '@libs/routing/alerts/alert-table';
import { Edge } from '../shared/edge';
import { findJob } from '../shared/job-views';
import { type DeliveryRecord } from '../shared/job-archive';
import { prefixes } from '../shared/paths';
import { readQuery } from '../shared/read-json';
import { type HttpRefusal, isRefusal, refusal } from '../shared/refusal';
import { sendJson, sendRefusal } from '../shared/respond';
import { alertDeliveries, alertDelivery, type AlertDeliveryView } from './alert-deliveries';

const deliveriesQuery = z.object({
  limit: z.coerce.number().int().min(1).max(100).default(20), after: z.string().optional(),
});

@Controller(prefixes)
export class DeliveriesController {
  constructor(@Inject(Edge) private readonly edge: Edge) {}

  @Get('webhook_deliveries')
  async list(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    const key = this.edge.authenticate(request);
    if (isRefusal(key)) { sendRefusal(reply, 'openai', key); return; }
    const query = readQuery(request, deliveriesQuery);
    if (isRefusal(query)) { sendRefusal(reply, 'openai', query); return; }
    const { limit } = query;
    const found = await this.edge.archive.deliveries({
      tenant: key.tenant, limit: limit + 1, after: query.after ?? null,
    });
    const alerts = (await alertDeliveries(this.edge, key))
      .filter(({ id }) => query.after === undefined || id < query.after);
    const all = [...found, ...alerts].sort((one, other) => (one.id < other.id ? 1 : -1));
    const data = all.slice(0, limit).map(deliveryView);
    sendJson(reply, 200, { object: 'list', data, has_more: all.length > limit });
  }

  @Get('webhook_deliveries/:id')
  async one(
    @Req() request: FastifyRequest, @Param('id') id: string, @Res() reply: FastifyReply,
  ): Promise<void> {
    const key = this.edge.authenticate(request);
    if (isRefusal(key)) { sendRefusal(reply, 'openai', key); return; }
    const query = { tenant: key.tenant, limit: 1, after: null, id };
    const found = isAlertDelivery(id) ? await alertDelivery(this.edge, key, id)
      : (await this.edge.archive.deliveries(query))[0] ?? null;
    if (found === null) { sendRefusal(reply, 'openai', missing(id)); return; }
    sendJson(reply, 200, deliveryView(found));
  }

  @Post('webhook_deliveries/:id/redeliver')
  async redeliver(
    @Req() request: FastifyRequest, @Param('id') id: string, @Res() reply: FastifyReply,
  ): Promise<void> {
    const key = this.edge.authenticate(request);
    if (isRefusal(key)) { sendRefusal(reply, 'openai', key); return; }
    if (isAlertDelivery(id)) {
      const again = await this.#alertAgain(key, id);
      if (isRefusal(again)) { sendRefusal(reply, 'openai', again); return; }
      sendJson(reply, 202, again); return;
    }
    const found = await findJob(this.edge, key, id.replace(/^msg_/, 'job_'));
    if (isRefusal(found)) {
      sendRefusal(reply, 'openai', found.status === 404 ? missing(id) : found); return;
    }
    const webhook = found.view.webhook as { endpoint_id: string } | null;
    if (webhook === null || found.terminal === null) {
      sendRefusal(reply, 'openai', found.terminal === null
        ? refusal(409, 'job_not_settled', 'The job has no outcome to tell yet.')
        : missing(id)); return;
    }
    const delivery = deliveryOf(found.id);
    await this.edge.appends.record({
      type: 'WebhookRedeliverRequested', subject: found.id, tenant: found.tenant,
      data: { delivery, endpoint_id: webhook.endpoint_id },
    });
    sendJson(reply, 202, {
      id: delivery, object: 'webhook_delivery', job_id: found.id,
      endpoint_id: webhook.endpoint_id, status: 'pending',
    });
  }

  async #alertAgain(key: VirtualKey, id: string): Promise<object | HttpRefusal> {
    const found = await alertDelivery(this.edge, key, id);
    if (found === null) return missing(id);
    const { alert_id: alert, endpoint_id } = found;
    await this.edge.appends.record({
      type: 'WebhookRedeliverRequested', subject: alert, tenant: key.tenant,
      data: { delivery: id, endpoint_id },
    });
    return deliveryView({ ...found, status: 'pending' });
  }
}

function deliveryView(delivery: DeliveryRecord | AlertDeliveryView): object {
  return { ...delivery, object: 'webhook_delivery' };
}

function missing(id: string) {
  return refusal(404, 'delivery_not_found', `There is no webhook delivery "${id.slice(0, 64)}".`);
}
