// Events of the log by what they are about, and exports of them, for the holder of the admin token: by
// asking the audit service over `ask.audit`.
import { Readable } from 'node:stream';
import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import { Controller, Get, Inject, Param, Post, Req, Res } from '@nestjs/common';
import { type FastifyReply, type FastifyRequest } from 'fastify';
import { type AskAudit, type ExportFormat } from '@libs/signals/ask-audit';
import { Fault } from '@libs/faults/faults';
import { actorOf } from '../shared/actor';
import { Edge } from '../shared/edge';
import { readJson, readQuery } from '../shared/read-json';
import { type HttpRefusal, isRefusal, refusal } from '../shared/refusal';
import { sendJson, sendRefusal } from '../shared/respond';
import { mayAdminister } from './admin-token';
import { askAudit } from './ask-audit';
import { checkpointViews } from './checkpoint-views';
import { checkpointsQuery, eventsQuery, exportBody, pageOf, questionOf } from './events-query';
import { recordAct } from './record-act';

const unpack = promisify(gunzip);

interface ExportView {
  readonly id: string;
  readonly state: string;
  readonly format: ExportFormat;
  readonly chunks: number;
  readonly bytes: number;
  readonly failure: string | null;
}

const types: Readonly<Record<ExportFormat, { readonly type: string; readonly ending: string }>> = {
  ndjson: { type: 'application/x-ndjson', ending: 'ndjson' },
  csv: { type: 'text/csv; charset=utf-8', ending: 'csv' },
  bundle: { type: 'application/x-ndjson', ending: 'bundle' },
};

@Controller('audit/v1')
export class EventsController {
  constructor(@Inject(Edge) private readonly edge: Edge) {}

  @Get('events')
  events(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    return this.#answer(request, reply, async () => {
      const query = readQuery(request, eventsQuery);
      if (isRefusal(query)) return query;
      return this.#ask({ op: 'events', question: questionOf(query), page: pageOf(query) });
    });
  }

  /** What was signed, and when: proofs of consistency are between two of them. */
  @Get('checkpoints')
  checkpoints(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    return this.#answer(request, reply, async () => {
      const query = readQuery(request, checkpointsQuery);
      if (isRefusal(query)) return query;
      const question = questionOf({ type: ['CheckpointSigned'] });
      const found = await this.#ask({ op: 'events', question, page: pageOf(query) });
      return isRefusal(found) ? found : { ...found, data: checkpointViews(found['data']) };
    });
  }

  @Post('exports')
  export(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    return this.#answer(request, reply, async () => {
      const body = readJson(request, exportBody);
      if (isRefusal(body)) return body;
      const { filters, format } = body;
      const made = await this.#ask({ op: 'export', question: questionOf(filters), format });
      if (isRefusal(made)) return made;
      const { id } = made as unknown as ExportView;
      await recordAct(this.edge, actorOf(request), { act: 'events.export', about: id, detail: { format, filters } });
      return made;
    }, 202);
  }

  @Get('exports/:id')
  one(
    @Req() request: FastifyRequest, @Param('id') id: string, @Res() reply: FastifyReply,
  ): Promise<void> {
    return this.#answer(request, reply, () => this.#ask({ op: 'export-status', id }));
  }

  @Get('exports/:id/download')
  async download(
    @Req() request: FastifyRequest, @Param('id') id: string, @Res() reply: FastifyReply,
  ): Promise<void> {
    const refused = mayAdminister(this.edge, request);
    const found = refused ?? await this.#ask({ op: 'export-status', id });
    const view = isRefusal(found) ? found : readyOf(found as unknown as ExportView);
    if (isRefusal(view)) { sendRefusal(reply, 'openai', view); return; }
    const { type, ending } = types[view.format];
    void reply.code(200).type(type).headers({
      'content-length': String(view.bytes),
      'content-disposition': `attachment; filename="${view.id}.${ending}"`,
    }).send(Readable.from(this.#chunks(view)));
  }

  /** As the reader takes them. @throws Fault archive_unavailable: the answer breaks off. */
  async *#chunks({ id, chunks }: ExportView): AsyncGenerator<Buffer> {
    for (let index = 0; index < chunks; index += 1) {
      const answer = await this.#ask({ op: 'export-chunk', id, index });
      if (isRefusal(answer)) throw new Fault('archive_unavailable', answer.message);
      yield await unpack(Buffer.from((answer as { gzip: string }).gzip, 'base64'));
    }
  }

  #ask(question: AskAudit): Promise<Record<string, unknown> | HttpRefusal> {
    return askAudit(this.edge.signals, question);
  }

  async #answer(
    request: FastifyRequest, reply: FastifyReply,
    act: () => Promise<Record<string, unknown> | HttpRefusal>, status = 200,
  ): Promise<void> {
    const answer = mayAdminister(this.edge, request) ?? await act();
    if (isRefusal(answer)) { sendRefusal(reply, 'openai', answer); return; }
    sendJson(reply, status, answer);
  }
}

function readyOf(view: ExportView): ExportView | HttpRefusal {
  if (view.state === 'done') return view;
  if (view.state === 'failed') {
    return refusal(409, 'export_failed', `The export failed: ${view.failure ?? 'unknown'}`);
  }
  return refusal(409, 'export_not_ready', 'The export is under way; look at it until it is done.');
}
