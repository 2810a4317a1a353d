// Administration (api.md, section 5): configuration as a whole, its entities one by one, and what
// operators look at. Every change is an event with who and when.
import { Controller, Delete, Get, Inject, Param, Patch, Post, Put, Req, Res } from '@nestjs/common';
import { type FastifyReply, type FastifyRequest } from 'fastify';
import { actorOf } from '../shared/actor';
import { Edge } from '../shared/edge';
import { type HttpRefusal } from '../shared/refusal';
import { sendJson, sendRefusal } from '../shared/respond';
import { mayAdminister } from './admin-token';
import { actOnEntity } from './act-on-entity';
import {
  alertEndpointSecret, alertEndpointsReport, alertsReport, redeliverAlert,
} from './alerts-report';
import { applyConfig } from './apply-config';
import { configView } from './config-view';
import {
  changeEntity, createEntity, listEntities, oneEntity, removeEntity, rotateAdministrator,
} from './entities';
import { budgetsReport, deadLetters, healthReport, unknownPrices } from './operations';
import { queueView } from './queue-view';
import { endRaise, raiseBudget } from './raises';
import { whoAmI } from './who-am-i';

type Answer = {
  readonly status: number; readonly body: unknown;
  readonly headers?: Readonly<Record<string, string>>;
} | HttpRefusal;

@Controller('admin/v1')
export class AdministerController {
  constructor(@Inject(Edge) private readonly edge: Edge) {}

  @Get('config')
  config(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    return this.#answer(request, reply, () => ok(configView(this.edge.governance.state, this.edge.now())));
  }

  @Put('config')
  apply(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    return this.#answer(request, reply, () => applyConfig(this.edge, request));
  }

  @Get('health')
  health(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    return this.#answer(request, reply, () => healthReport(this.edge, request));
  }

  @Get('queue')
  queue(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    return this.#answer(request, reply, async () => ok(await queueView(this.edge)));
  }

  @Get('budgets')
  budgets(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    return this.#answer(request, reply, async () => ok(await budgetsReport(this.edge)));
  }

  @Get('alerts')
  alerts(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    return this.#answer(request, reply, () => alertsReport(this.edge, request));
  }

  @Post('alert_deliveries/:id/redeliver')
  alertAgain(
    @Req() request: FastifyRequest, @Param('id') id: string, @Res() reply: FastifyReply,
  ): Promise<void> {
    return this.#answer(request, reply, () => redeliverAlert(this.edge, id, actorOf(request)));
  }

  @Get('alert_endpoints')
  alertEndpoints(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    return this.#answer(request, reply, () => alertEndpointsReport(this.edge));
  }

  @Post('alert_endpoints/:id/secret')
  alertSecret(
    @Req() request: FastifyRequest, @Param('id') id: string, @Res() reply: FastifyReply,
  ): Promise<void> {
    return this.#answer(request, reply, () => alertEndpointSecret(this.edge, id, actorOf(request)));
  }

  @Get('unknown_prices')
  unknownPrices(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    return this.#answer(request, reply, () => ok(unknownPrices(this.edge)));
  }

  @Get('dead_letters')
  deadLetters(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    return this.#answer(request, reply, () => deadLetters(this.edge, request));
  }

  @Get('whoami')
  whoami(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    return this.#answer(request, reply, () => ok(whoAmI(actorOf(request))));
  }

  @Post('administrators/:id/rotate')
  rotate(
    @Req() request: FastifyRequest, @Param('id') id: string, @Res() reply: FastifyReply,
  ): Promise<void> {
    return this.#answer(request, reply, () => rotateAdministrator(this.edge, id, request));
  }

  @Post('limits/:level/:id/raises')
  raise(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    return this.#answer(request, reply, () => raiseBudget(this.edge, raised(request), request));
  }

  @Delete('limits/:level/:id/raises/:raise')
  endRaise(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    return this.#answer(request, reply, () => endRaise(this.edge, raised(request), request));
  }

  @Get(':entity')
  list(
    @Req() request: FastifyRequest, @Param('entity') entity: string, @Res() reply: FastifyReply,
  ): Promise<void> {
    return this.#answer(request, reply, () => listEntities(this.edge, entity));
  }

  @Post(':entity')
  create(
    @Req() request: FastifyRequest, @Param('entity') entity: string, @Res() reply: FastifyReply,
  ): Promise<void> {
    return this.#answer(request, reply, () => createEntity(this.edge, entity, request));
  }

  @Get(':entity/*')
  one(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    const { entity, id } = named(request);
    return this.#answer(request, reply, () => oneEntity(this.edge, entity, id));
  }

  @Put(':entity/*')
  put(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    return this.#change(request, reply, false);
  }

  @Patch(':entity/*')
  patch(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    return this.#change(request, reply, true);
  }

  @Post(':entity/:id/:act')
  act(
    @Req() request: FastifyRequest, @Param() about: { entity: string; id: string; act: string },
    @Res() reply: FastifyReply,
  ): Promise<void> {
    return this.#answer(request, reply, () => actOnEntity(this.edge, about, request));
  }

  @Delete(':entity/*')
  remove(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    const about = named(request);
    return this.#answer(request, reply, () => removeEntity(this.edge, about, request));
  }

  #change(request: FastifyRequest, reply: FastifyReply, partly: boolean): Promise<void> {
    const about = { ...named(request), partly };
    return this.#answer(request, reply, () => changeEntity(this.edge, about, request));
  }

  async #answer(
    request: FastifyRequest, reply: FastifyReply, act: () => Answer | Promise<Answer>,
  ): Promise<void> {
    const refused = mayAdminister(this.edge, request);
    if (refused !== null) { sendRefusal(reply, 'openai', refused); return; }
    const answer = await act();
    if ('kind' in answer) { sendRefusal(reply, 'openai', answer); return; }
    if (answer.headers !== undefined) void reply.headers(answer.headers);
    if (typeof answer.body === 'string') {
      void reply.code(answer.status).type('text/plain; charset=utf-8').send(answer.body); return;
    }
    sendJson(reply, answer.status, answer.body);
  }
}

function ok(body: unknown): Answer {
  return { status: 200, body };
}

function raised(request: FastifyRequest): { level: string; id: string; raise: string } {
  const { level = '', id = '', raise = '' } = request.params as Record<string, string>;
  return { level, id, raise };
}

/** A wildcard: names of models and prices have slashes in them. */
function named(request: FastifyRequest): { entity: string; id: string } {
  const params = request.params as Record<string, string>;
  return { entity: params.entity ?? '', id: params['*'] ?? '' };
}
