// The log as evidence, for the holder of the admin token: the last checkpoint, proofs, and the state
// of any moment, by asking the audit service over `ask.audit`.
import { Controller, Get, Inject, Req, Res } from '@nestjs/common';
import { type FastifyReply, type FastifyRequest } from 'fastify';
import { z } from 'zod';
import { type AskAudit } from '@libs/signals/ask-audit';
import { Edge } from '../shared/edge';
import { readQuery } from '../shared/read-json';
import { isRefusal } from '../shared/refusal';
import { sendJson, sendRefusal } from '../shared/respond';
import { readStateQuery } from './state-query';
import { mayAdminister } from './admin-token';
import { askAudit } from './ask-audit';

const count = (what: string, min = 0) =>
  z.coerce.number({ error: `takes ${what}` }).int(`takes ${what}`).min(min, `takes ${what}`);
const inclusionQuery = z.strictObject({
  seq: count('the sequence of a commit, from 1 on', 1), line: count('a line of the commit, from 0 on').default(0),
});
const treeSize = count('how many event lines a tree has');
const consistencyQuery = z.strictObject({ from: treeSize, to: treeSize.optional() });

@Controller('audit/v1')
export class AuditController {
  constructor(@Inject(Edge) private readonly edge: Edge) {}

  @Get('checkpoint')
  checkpoint(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    return this.#ask(request, reply, z.strictObject({}), () => ({ op: 'checkpoint' }));
  }

  @Get('proofs/inclusion')
  inclusion(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    return this.#ask(request, reply, inclusionQuery,
      ({ seq, line }) => ({ op: 'inclusion', sequence: seq, line }));
  }

  @Get('proofs/consistency')
  consistency(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    return this.#ask(request, reply, consistencyQuery,
      ({ from, to }) => ({ op: 'consistency', from, to: to ?? null }));
  }

  /** 202 while it is being made: asked again, it is there. */
  @Get('state')
  async state(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    const refused = mayAdminister(this.edge, request);
    if (refused !== null) { sendRefusal(reply, 'openai', refused); return; }
    const question = readStateQuery(request);
    if (isRefusal(question)) { sendRefusal(reply, 'openai', question); return; }
    const answer = await askAudit(this.edge.signals, question);
    if (isRefusal(answer)) { sendRefusal(reply, 'openai', answer); return; }
    const { pending } = answer;
    if (pending === undefined) { sendJson(reply, 200, answer); return; }
    void reply.header('retry-after', '1');
    sendJson(reply, 202, { object: 'state_pending', ...pending as object });
  }

  async #ask<S extends z.ZodType>(
    request: FastifyRequest, reply: FastifyReply, schema: S,
    question: (query: z.infer<S>) => AskAudit,
  ): Promise<void> {
    const refused = mayAdminister(this.edge, request);
    if (refused !== null) { sendRefusal(reply, 'openai', refused); return; }
    const query = readQuery(request, schema);
    if (isRefusal(query)) { sendRefusal(reply, 'openai', query); return; }
    const answer = await askAudit(this.edge.signals, question(query));
    if (isRefusal(answer)) { sendRefusal(reply, 'openai', answer); return; }
    sendJson(reply, 200, answer);
  }
}
