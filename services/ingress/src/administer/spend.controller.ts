// What was spent, by whatever it is kept by, for the holder of the admin token: from the archive.
import { Controller, Get, Inject, Req, Res } from '@nestjs/common';
import { type FastifyReply, type FastifyRequest } from 'fastify';
import { Edge } from '../shared/edge';
import { readQuery } from '../shared/read-json';
import { isRefusal, refusal } from '../shared/refusal';
import { sendJson, sendRefusal } from '../shared/respond';
import { mayAdminister } from './admin-token';
import { spendCsv, spendJson, spendQuery, spendQuestion, tooManyLines } from './spend-query';

@Controller('admin/v1/spend')
export class SpendController {
  constructor(@Inject(Edge) private readonly edge: Edge) {}

  @Get()
  async spend(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    const query = mayAdminister(this.edge, request) ?? readQuery(request, spendQuery);
    if (isRefusal(query)) { sendRefusal(reply, 'openai', query); return; }
    const asked = spendQuestion(query, this.edge.now());
    const report = await this.edge.archive.spend(asked);
    if (query.format === 'json') { sendJson(reply, 200, spendJson(asked, report)); return; }
    if (report.isCut) {
      sendRefusal(reply, 'openai', refusal(400, 'too_many_lines', tooManyLines)); return;
    }
    void reply.code(200).type('text/csv; charset=utf-8').headers({
      'content-disposition': `attachment; filename="spend-${asked.from}-${asked.to}.csv"`,
    }).send(spendCsv(asked, report));
  }
}
