// POST /admin/v1/<entity>/<id>/<act>: suspends and resumes customers, teams and keys, and gives a key
// another value.
import { type FastifyRequest } from 'fastify';
import { z } from 'zod';
import { type EventDraft } from '@libs/events/envelope';
import { type LimitLevel } from '@libs/events/limits';
import { keyStateOf } from '@libs/governance/access';
import { type GovernanceState } from '@libs/governance/state';
import { actorOf } from '../shared/actor';
import { type Edge } from '../shared/edge';
import { readJson } from '../shared/read-json';
import { type HttpRefusal, isRefusal, refusal } from '../shared/refusal';
import { type AccessOwner, resumeDrafts, suspensionDrafts } from './access-bodies';
import { changeAs } from './change-as';
import { kinds } from './entity-kinds';
import { mismatch } from './entity-tag';
import { newKeyValue } from './keys-kind';

interface About {
  readonly entity: string;
  readonly id: string;
  readonly act: string;
}
type Drafts = readonly EventDraft[] | HttpRefusal;
type Answer = { status: number; body: unknown } | HttpRefusal;

const levels: Readonly<Record<string, LimitLevel>> = {
  customers: 'customer', teams: 'team', keys: 'key',
};
const daySeconds = 86_400;
/** A month: longer, and two values are simply both in use. */
const overlapMaxS = 30 * daySeconds;
const rotation = z.strictObject({
  overlap_s: z.number().int().min(0).max(overlapMaxS).default(daySeconds),
});
const suspension = z.strictObject({ reason: z.string().min(1).max(500) });

export async function actOnEntity(
  edge: Edge, about: About, request: FastifyRequest,
): Promise<Answer> {
  const level = Object.hasOwn(levels, about.entity) ? levels[about.entity] : undefined;
  if (level === undefined) {
    return refusal(404, 'unknown_entity', 'Only customers, teams and keys can be acted on.');
  }
  const acting = { edge, request, about };
  switch (about.act) {
    case 'suspend': {
      const body = readJson(request, suspension);
      if (isRefusal(body)) return body;
      return change(acting, (state) => {
        const owner = ownerOf(state, level, about.id);
        return isRefusal(owner) ? owner : suspensionDrafts(state, owner, body.reason);
      });
    }
    case 'resume': return change(acting, (state) => {
      const owner = ownerOf(state, level, about.id);
      return isRefusal(owner) ? owner : resumeDrafts(state, owner);
    });
    case 'rotate': {
      const body = readJson(request, rotation);
      if (isRefusal(body)) return body;
      if (level !== 'key') return refusal(404, 'unknown_act', 'Only keys are rotated.');
      const { value, ...kept } = newKeyValue();
      return change(acting, (state, nowMs) =>
        rotationDrafts(state, about.id, { ...kept, nowMs, overlapS: body.overlap_s }), { value });
    }
    default: return refusal(404, 'unknown_act',
      `There is no "${about.act}"; there is suspend, resume and, for keys, rotate.`);
  }
}

interface Acting {
  readonly edge: Edge;
  readonly request: FastifyRequest;
  readonly about: About;
}

async function change(
  { edge, request, about: { entity, id, act } }: Acting,
  decide: (state: GovernanceState, nowMs: number) => Drafts,
  once: Readonly<Record<string, string>> = {},
): Promise<Answer> {
  const view = (state: GovernanceState, nowMs: number) =>
    kinds[entity]?.find(state, id, nowMs)?.view ?? null;
  const seen = request.headers['if-match'];
  const changed = await changeAs(edge, actorOf(request), {
    decide: (state, nowMs) => {
      const drafts = decide(state, nowMs);
      if (isRefusal(drafts)) return drafts;
      return mismatch(seen, view(state, nowMs), `${entity}/${id}`) ?? drafts;
    },
    tell: (_drafts, { before, after, nowMs }) => ({
      act: `${entity}.${act}`, about: `${entity}/${id}`, detail: {},
      before: view(before, nowMs), after: view(after, nowMs),
    }),
  });
  if (isRefusal(changed)) return changed;
  return { status: 200, body: { ...view(edge.governance.state, edge.now()), ...once } };
}

function ownerOf(state: GovernanceState, level: LimitLevel, id: string): AccessOwner | HttpRefusal {
  const key = state.keys.get(id);
  const tenant = level === 'customer' ? state.customers.get(id)?.customer
    : level === 'team' ? state.teams.get(id)?.customer
      : key?.revoked === true ? undefined : key?.tenant;
  if (tenant !== undefined) return { level, id, tenant };
  return refusal(404, 'not_found', `There is no ${level} "${id}".`);
}

function rotationDrafts(
  state: GovernanceState, id: string,
  to: { hash: string; hint: string; nowMs: number; overlapS: number },
): Drafts {
  const key = state.keys.get(id);
  if (key === undefined) return refusal(404, 'not_found', `There is no key "${id}".`);
  const now = keyStateOf(state, key, to.nowMs);
  if (now === 'revoked' || now === 'expired') {
    const mend = now === 'expired' ? 'make another one, or extend it first' : 'make another one';
    return refusal(409, 'not_rotatable', `keys/${id} is ${now}; ${mend}.`);
  }
  if (key.created.origin === 'file') {
    return refusal(409, 'owned_by_file', `The value of keys/${id} comes from the configuration file: `
      + 'change it where the file refers to, with overlap_s at the key so that both work for a while.');
  }
  return [{
    type: 'KeyRotated', subject: id, tenant: key.tenant,
    data: {
      key: id, hash: to.hash, hint: to.hint, old_until_ms: to.nowMs + to.overlapS * 1000,
      origin: 'api',
    },
  }];
}
