// Jobs of every customer, for administrators: as they are, what happened to them, ending them and
// running them again; and their content, with an event that says who was given it.
import { Controller, Get, Inject, Param, Post, Req, Res } from '@nestjs/common';
import { type FastifyReply, type FastifyRequest } from 'fastify';
import { z } from 'zod';
import { actorOf } from '../shared/actor';
import { cancelJob } from '../shared/cancel-job';
import { Edge } from '../shared/edge';
import { readJson, readQuery } from '../shared/read-json';
import { redrive } from '../shared/redrive';
import { type HttpRefusal, isRefusal, refusal } from '../shared/refusal';
import { refusalOfError, sendJson, sendRefusal } from '../shared/respond';
import { timelineOf } from '../shared/timeline';
import { actOnJob } from './act-on-job';
import { type AnyJob, findAnyJob } from './find-any-job';
import { mayAdminister } from './admin-token';
import { contentQuery, readContentOf } from './read-content-of';

const whyBody = z.strictObject({ reason: z.string().max(500).nullable().default(null) });
type Answer = { readonly status: number; readonly body: unknown } | HttpRefusal;

@Controller('admin/v1/jobs')
export class AdminJobsController {
  constructor(@Inject(Edge) private readonly edge: Edge) {}

  @Get(':id')
  one(
    @Req() request: FastifyRequest, @Param('id') id: string, @Res() reply: FastifyReply,
  ): Promise<void> {
    return this.#answer(request, reply, id, (found) => ok(shown(found)));
  }

  @Get(':id/events')
  events(
    @Req() request: FastifyRequest, @Param('id') id: string, @Res() reply: FastifyReply,
  ): Promise<void> {
    return this.#answer(request, reply, id, async (found) =>
      ok(await timelineOf(this.edge, found.id, 'administrator')));
  }

  @Get(':id/content')
  content(
    @Req() request: FastifyRequest, @Param('id') id: string, @Res() reply: FastifyReply,
  ): Promise<void> {
    return this.#answer(request, reply, id, async (found) => {
      const query = readQuery(request, contentQuery);
      if (isRefusal(query)) return query;
      const content = await readContentOf(this.edge, actorOf(request), found, query);
      return isRefusal(content) ? content : ok(content);
    });
  }

  @Post(':id/cancel')
  cancel(
    @Req() request: FastifyRequest, @Param('id') id: string, @Res() reply: FastifyReply,
  ): Promise<void> {
    return this.#answer(request, reply, id, async (found) => {
      const why = readJson(request, whyBody);
      if (isRefusal(why)) return why;
      if (found.terminal !== null) return ok(shown(found));
      const actor = actorOf(request);
      const also = actOnJob(actor, found, { act: 'job.cancel', detail: why });
      await cancelJob(this.edge, found, { by: 'admin', reason: why.reason, also });
      const now = await findAnyJob(this.edge, found.id);
      return isRefusal(now) ? now : ok(shown(now));
    });
  }

  @Post(':id/redrive')
  redrive(
    @Req() request: FastifyRequest, @Param('id') id: string, @Res() reply: FastifyReply,
  ): Promise<void> {
    return this.#answer(request, reply, id, async (found) => {
      const why = readJson(request, whyBody);
      if (isRefusal(why)) return why;
      const key = this.edge.governance.state.keys.get(found.key);
      if (key === undefined || key.revoked) {
        return refusal(409, 'key_revoked',
          `The job ran under the key "${found.key}", which is no more, and would be booked on it.`);
      }
      const actor = actorOf(request);
      const made = await redrive(this.edge, {
        found, key, request: null,
        also: (job) => actOnJob(actor, found, { act: 'job.redrive', detail: { ...why, job } }),
      });
      return isRefusal(made) ? made : { status: 202, body: made.view };
    });
  }

  async #answer(
    request: FastifyRequest, reply: FastifyReply, id: string,
    act: (found: AnyJob) => Answer | Promise<Answer>,
  ): Promise<void> {
    const refused = mayAdminister(this.edge, request);
    if (refused !== null) { sendRefusal(reply, 'openai', refused); return; }
    try {
      const found = await findAnyJob(this.edge, id);
      const answer = isRefusal(found) ? found : await act(found);
      if (isRefusal(answer)) { sendRefusal(reply, 'openai', answer); return; }
      const { status, body } = answer;
      sendJson(reply, status, body);
    } catch (error) {
      sendRefusal(reply, 'openai', refusalOfError(error, this.edge.logger));
    }
  }
}

function ok(body: unknown): Answer {
  return { status: 200, body };
}

function shown({ view, tenant, key, team }: AnyJob): object {
  return { ...view, customer: tenant, team, key };
}
