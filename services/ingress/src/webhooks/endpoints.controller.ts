// Webhook endpoints: made, shown, changed, rotated, tested and removed by the keys of a customer.
// The secret is derived, shown when made or rotated, and stored nowhere.
import { Controller, Delete, Get, Inject, Param, Patch, Post, Req, Res } from '@nestjs/common';
import { type FastifyReply, type FastifyRequest } from 'fastify';
import { type WebhookEndpoint } from '@libs/governance/state';
import { webhookSecret } from '@libs/settings/webhook-secret';
import { Edge } from '../shared/edge';
import { prefixes } from '../shared/paths';
import { readJson } from '../shared/read-json';
import { type HttpRefusal, isRefusal, refusal } from '../shared/refusal';
import { sendJson, sendRefusal } from '../shared/respond';
import {
  changeEndpoint, createEndpoint, endpointChange, endpointOrder, rotateEndpoint, setDeleted,
} from './change-endpoints';
import { sendTest } from './send-test';

@Controller(prefixes)
export class EndpointsController {
  constructor(@Inject(Edge) private readonly edge: Edge) {}

  @Post('webhook_endpoints')
  async create(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    const key = this.edge.authenticate(request);
    if (isRefusal(key)) { sendRefusal(reply, 'openai', key); return; }
    const order = readJson(request, endpointOrder);
    if (isRefusal(order)) { sendRefusal(reply, 'openai', order); return; }
    const made = await createEndpoint(this.edge, key, order);
    this.#answer(reply, made, { status: 201, secret: true });
  }

  @Get('webhook_endpoints')
  list(@Req() request: FastifyRequest, @Res() reply: FastifyReply): void {
    const key = this.edge.authenticate(request);
    if (isRefusal(key)) { sendRefusal(reply, 'openai', key); return; }
    const own = [...this.edge.governance.state.endpoints.values()]
      .filter(({ tenant, state }) => tenant === key.tenant && state !== 'deleted');
    sendJson(reply, 200, { object: 'list', data: own.map(endpointView), has_more: false });
  }

  @Get('webhook_endpoints/:id')
  one(
    @Req() request: FastifyRequest, @Param('id') id: string, @Res() reply: FastifyReply,
  ): void {
    this.#answer(reply, this.#own(request, id), { status: 200 });
  }

  @Patch('webhook_endpoints/:id')
  async change(
    @Req() request: FastifyRequest, @Param('id') id: string, @Res() reply: FastifyReply,
  ): Promise<void> {
    const own = this.#own(request, id);
    if (isRefusal(own)) { sendRefusal(reply, 'openai', own); return; }
    const change = readJson(request, endpointChange);
    if (isRefusal(change)) { sendRefusal(reply, 'openai', change); return; }
    this.#answer(reply, await changeEndpoint(this.edge, own, change), { status: 200 });
  }

  @Delete('webhook_endpoints/:id')
  async remove(
    @Req() request: FastifyRequest, @Param('id') id: string, @Res() reply: FastifyReply,
  ): Promise<void> {
    const own = this.#own(request, id);
    if (isRefusal(own)) { sendRefusal(reply, 'openai', own); return; }
    const removed = await setDeleted(this.edge, own);
    if (isRefusal(removed)) { sendRefusal(reply, 'openai', removed); return; }
    sendJson(reply, 200, { id, object: 'webhook_endpoint', deleted: true });
  }

  @Post('webhook_endpoints/:id/rotate')
  async rotate(
    @Req() request: FastifyRequest, @Param('id') id: string, @Res() reply: FastifyReply,
  ): Promise<void> {
    const own = this.#own(request, id);
    if (isRefusal(own)) { sendRefusal(reply, 'openai', own); return; }
    this.#answer(reply, await rotateEndpoint(this.edge, own), { status: 200, secret: true });
  }

  @Post('webhook_endpoints/:id/test')
  async test(
    @Req() request: FastifyRequest, @Param('id') id: string, @Res() reply: FastifyReply,
  ): Promise<void> {
    const own = this.#own(request, id);
    if (isRefusal(own)) { sendRefusal(reply, 'openai', own); return; }
    const sent = await sendTest(this.edge, own);
    if (isRefusal(sent)) { sendRefusal(reply, 'openai', sent); return; }
    sendJson(reply, 200, sent);
  }

  #own(request: FastifyRequest, id: string): WebhookEndpoint | HttpRefusal {
    const key = this.edge.authenticate(request);
    if (isRefusal(key)) return key;
    const endpoint = this.edge.governance.state.endpoints.get(id);
    if (endpoint?.tenant !== key.tenant || endpoint.state === 'deleted') {
      return refusal(
        404, 'endpoint_not_found', `There is no webhook endpoint "${id.slice(0, 64)}".`,
      );
    }
    return endpoint;
  }

  #answer(
    reply: FastifyReply, endpoint: WebhookEndpoint | HttpRefusal,
    options: { status: number; secret?: boolean },
  ): void {
    if (isRefusal(endpoint)) { sendRefusal(reply, 'openai', endpoint); return; }
    const { HOLDFAST_MASTER_KEY: masterKey } = this.edge.settings;
    const secret = options.secret === true
      ? { secret: webhookSecret(masterKey, endpoint.id, endpoint.generation) }
      : {};
    sendJson(reply, options.status, { ...endpointView(endpoint), ...secret });
  }
}

function endpointView(endpoint: WebhookEndpoint): object {
  const { oldUntilMs } = endpoint;
  return {
    id: endpoint.id,
    object: 'webhook_endpoint',
    url: endpoint.url,
    description: endpoint.description,
    events: endpoint.events,
    status: endpoint.state,
    ad_hoc: endpoint.adHoc,
    generation: endpoint.generation,
    old_secret_until: oldUntilMs === null ? null : Math.floor(oldUntilMs / 1000),
    created_at: Math.floor(endpoint.createdAtMs / 1000),
  };
}
