// CRUD of what governance knows: customers, teams, keys, providers, routes, prices. Each change
// names the whole new value; what a file owns is changed in the file.
import { type FastifyRequest } from 'fastify';
import { type GovernanceState } from '@libs/governance/state';
import { type Actor, actorOf } from '../shared/actor';
import { type Edge } from '../shared/edge';
import { type GovernanceDecision } from '../shared/governance-fold';
import { readJson } from '../shared/read-json';
import { type HttpRefusal, isRefusal, refusal } from '../shared/refusal';
import { administrators, rotated, rotationBody } from './administrators-kind';
import { changeAs } from './change-as';
import { jsonObject } from './entity-kind';
import { type EntityKind, type Made } from './entity-kind';
import { kinds } from './entity-kinds';

type Answer = { status: number; body: unknown } | HttpRefusal;

/** A new token in place of the former one. */
export async function rotateAdministrator(
  edge: Edge, id: string, request: FastifyRequest,
): Promise<Answer> {
  const order = readJson(request, rotationBody);
  if (isRefusal(order)) return order;
  const writing = {
    edge, kind: administrators, entity: 'administrators', actor: actorOf(request),
  };
  const made = await write(writing, (state, nowMs) => rotated(state, id, order, nowMs));
  return isRefusal(made) ? made : { status: 200, body: shown(edge, administrators, made) };
}

export function listEntities(edge: Edge, entity: string): Answer {
  const kind = kindOf(entity);
  if (isRefusal(kind)) return kind;
  return { status: 200, body: { object: 'list', data: kind.list(edge.governance.state) } };
}

export function oneEntity(edge: Edge, entity: string, id: string): Answer {
  const kind = kindOf(entity);
  if (isRefusal(kind)) return kind;
  const found = kind.find(edge.governance.state, id);
  return found === null ? missing(entity, id) : { status: 200, body: found.view };
}

export async function createEntity(
  edge: Edge, entity: string, request: FastifyRequest,
): Promise<Answer> {
  const kind = kindOf(entity);
  if (isRefusal(kind)) return kind;
  const body = readJson(request, jsonObject);
  if (isRefusal(body)) return body;
  const made = await write({ edge, kind, entity, actor: actorOf(request) }, (state, nowMs) => {
    const made = kind.make(body, { state, nowMs });
    if (isRefusal(made)) return made;
    const present = kind.find(state, made.id);
    if (present === null || present.gone === true) return made;
    return refusal(409, 'already_exists', `${entity}/${made.id} exists; use PUT to change it.`);
  });
  return isRefusal(made) ? made : { status: 201, body: shown(edge, kind, made) };
}

export async function changeEntity(
  edge: Edge, about: { entity: string; id: string }, request: FastifyRequest,
): Promise<Answer> {
  const { entity, id } = about;
  const kind = kindOf(entity);
  if (isRefusal(kind)) return kind;
  if (!kind.changeable) {
    return refusal(405, 'not_changeable', `${entity} are made and removed, not changed.`);
  }
  const body = readJson(request, jsonObject);
  if (isRefusal(body)) return body;
  const made = await write({ edge, kind, entity, actor: actorOf(request) }, (state, nowMs) => {
    const present = kind.find(state, id);
    if (present?.origin === 'file') return ownedByFile(entity, id);
    return kind.make({ ...body, ...kind.idFields(id) }, { state, nowMs });
  });
  return isRefusal(made) ? made : { status: 200, body: shown(edge, kind, made) };
}

export async function removeEntity(
  edge: Edge, about: { entity: string; id: string }, request: FastifyRequest,
): Promise<Answer> {
  const { entity, id } = about;
  const kind = kindOf(entity);
  if (isRefusal(kind)) return kind;
  const { remove } = kind;
  if (remove === null) {
    return refusal(405, 'not_removable', `${entity} are replaced, not removed.`);
  }
  const removed = await write({ edge, kind, entity, actor: actorOf(request) }, (state) => {
    const present = kind.find(state, id);
    if (present === null || present.gone === true) return missing(entity, id);
    if (present.origin === 'file' && kind.removedThoughOfFile !== true) {
      return ownedByFile(entity, id);
    }
    return { id, draft: remove(state, id) };
  });
  return isRefusal(removed) ? removed : { status: 200, body: { id, deleted: true } };
}

interface Writing {
  readonly edge: Edge;
  readonly kind: EntityKind;
  readonly entity: string;
  readonly actor: Actor;
}

async function write(
  { edge, kind, entity, actor }: Writing,
  decide: (state: GovernanceState, nowMs: number) => Made | HttpRefusal,
): Promise<Made | HttpRefusal> {
  let made: Made | null = null;
  const changed = await changeAs(edge, actor, {
    decide: (state, nowMs): GovernanceDecision => {
      const decided = decide(state, nowMs);
      if (isRefusal(decided)) return decided;
      made = decided;
      return [...decided.also ?? [], decided.draft];
    },
    tell: (drafts, { before, after }) => {
      const id = (made)?.id ?? '';
      return {
        act: drafts.at(-1)?.type ?? '', about: `${entity}/${id}`, detail: {},
        before: kind.find(before, id)?.view ?? null, after: kind.find(after, id)?.view ?? null,
      };
    },
  });
  if (isRefusal(changed)) return changed;
  return (made as Made | null) ?? missing(entity, '');
}

function shown(edge: Edge, kind: EntityKind, made: Made): unknown {
  const view = kind.find(edge.governance.state, made.id)?.view ?? { id: made.id };
  return { ...view, ...made.once };
}

function kindOf(entity: string): EntityKind | HttpRefusal {
  if (entity === 'rate_limits') {
    return refusal(404, 'unknown_entity',
      `${entity} are fields of limits/customer/<id>, limits/team/<id> and limits/key/<id>.`);
  }
  const kind = Object.hasOwn(kinds, entity) ? kinds[entity] : undefined;
  const names = Object.keys(kinds).join(', ');
  return kind ?? refusal(404, 'unknown_entity', `There is no "${entity}"; there is ${names}.`);
}

function missing(entity: string, id: string): HttpRefusal {
  return refusal(404, 'not_found', `There is no ${entity}/${id}.`);
}

function ownedByFile(entity: string, id: string): HttpRefusal {
  return refusal(409, 'owned_by_file',
    `${entity}/${id} comes from the configuration file; change it there and apply it.`);
}
