// The models that a key may ask for, and that can be called for it: routes, and what the providers have. OpenAI's shape, or
// Anthropic's for clients that say `anthropic-version`.
import { Controller, Get, Inject, Param, Req, Res } from '@nestjs/common';
import { type FastifyReply, type FastifyRequest } from 'fastify';
import { mayUseModel } from '@libs/governance/access';
import { listModels, type ListedModel } from '@libs/governance/list-models';
import { resolveModel } from '@libs/governance/models';
import { type GovernanceState, type VirtualKey } from '@libs/governance/state';
import { Edge } from '../shared/edge';
import { prefixes, surfaceOfPath } from '../shared/paths';
import { isRefusal, refusal } from '../shared/refusal';
import { sendJson, sendRefusal } from '../shared/respond';
import { modelPage, modelShape } from './model-shapes';

@Controller(prefixes)
export class ModelsController {
  constructor(@Inject(Edge) private readonly edge: Edge) {}

  @Get('models')
  list(@Req() request: FastifyRequest, @Res() reply: FastifyReply): void {
    const surface = surfaceOfPath(request.url, request.headers);
    const key = this.edge.authenticate(request);
    if (isRefusal(key)) { sendRefusal(reply, surface, key); return; }
    const { state } = this.edge.governance;
    const models = listModels(state, (id) => mayUseModel(state, key, id));
    sendJson(reply, 200, modelPage(surface, models));
  }

  /** A wildcard: `provider/model` has a slash in it. */
  @Get('models/*')
  one(
    @Req() request: FastifyRequest, @Param('*') id: string, @Res() reply: FastifyReply,
  ): void {
    const surface = surfaceOfPath(request.url, request.headers);
    const key = this.edge.authenticate(request);
    if (isRefusal(key)) { sendRefusal(reply, surface, key); return; }
    const model = findModel(this.edge.governance.state, key, id);
    if (model !== undefined) { sendJson(reply, 200, modelShape(surface, model)); return; }
    sendRefusal(reply, surface, refusal(404, 'model_not_found',
      `There is no model "${id.slice(0, 200)}"; GET /v1/models lists what there is.`));
  }
}

/** A listed one, or another name that a request may use. */
function findModel(state: GovernanceState, key: VirtualKey, id: string): ListedModel | undefined {
  if (!mayUseModel(state, key, id)) return undefined;
  const listed = listModels(state, (name) => name === id)[0];
  if (listed !== undefined) return listed;
  const resolved = resolveModel(state, id);
  if (!resolved.ok) return undefined;
  return { id, owned_by: resolved.targets[0]?.provider.provider ?? 'holdfast' };
}
