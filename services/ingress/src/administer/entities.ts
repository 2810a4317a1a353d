// CRUD of what governance knows: customers, teams, keys, providers, routes, prices. Each change
// names the whole new value; what a file owns is changed in the file.
import { type FastifyRequest } from 'fastify';
import { type GovernanceState } from '@libs/governance/state';
import { isFault } from '@libs/faults/faults';
import { type Actor, actorOf } from '../shared/actor';
import { askKeyUses } from '../shared/ask-key-uses';
import { type Edge } from '../shared/edge';
import { type GovernanceDecision } from '../shared/governance-fold';
import { readJson } from '../shared/read-json';
import { type HttpRefusal, isRefusal, refusal } from '../shared/refusal';
import { administrators, rotated, rotationBody } from './administrators-kind';
import { changeAs } from './change-as';
import { jsonObject } from './entity-kind';
import { type EntityKind, type Made } from './entity-kind';
import { kinds } from './entity-kinds';
import { mismatch, tagOf } from './entity-tag';
import { useView } from './key-view';

type Answer = {
  status: number; body: unknown; headers?: Readonly<Record<string, string>>;
} | HttpRefusal;

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

export async function listEntities(edge: Edge, entity: string): Promise<Answer> {
  const kind = kindOf(entity);
  if (isRefusal(kind)) return kind;
  const data = kind.list(edge.governance.state, edge.now());
  return { status: 200, body: { object: 'list', data: await withUses(edge, entity, data) } };
}

/** With an `ETag`, for whoever changes it only as it is here. */
export async function oneEntity(edge: Edge, entity: string, id: string): Promise<Answer> {
  const kind = kindOf(entity);
  if (isRefusal(kind)) return kind;
  const found = kind.find(edge.governance.state, id, edge.now());
  if (found === null) return missing(entity, id);
  const [body] = await withUses(edge, entity, [found.view]);
  return { status: 200, body, headers: { etag: tagOf(found.view) } };
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
    const present = kind.find(state, made.id, nowMs);
    if (present === null || present.gone === true) return made;
    return refusal(409, 'already_exists', `${entity}/${made.id} exists; use PUT to change it.`);
  });
  return isRefusal(made) ? made : { status: 201, body: shown(edge, kind, made) };
}

export async function changeEntity(
  edge: Edge, about: { entity: string; id: string; partly: boolean }, request: FastifyRequest,
): Promise<Answer> {
  const { entity, id, partly } = about;
  const kind = kindOf(entity);
  if (isRefusal(kind)) return kind;
  if (!kind.changeable) {
    return refusal(405, 'not_changeable', `${entity} are made and removed, not changed.`);
  }
  const body = readJson(request, jsonObject);
  if (isRefusal(body)) return body;
  const made = await write({ edge, kind, entity, actor: actorOf(request) }, (state, nowMs) => {
    const present = kind.find(state, id, nowMs);
    if (present?.origin === 'file') return ownedByFile(entity, id);
    const stale = mismatch(request.headers['if-match'], present?.view ?? null, `${entity}/${id}`);
    if (stale !== null) return stale;
    if (entity === 'keys' && (present === null || present.gone === true)) {
      return refusal(404, 'not_found', `There is no keys/${id}; a key is made by POST.`);
    }
    // A name that is mistyped makes nothing; a customer that keys already name is there without being set.
    if (partly && present === null && kind.base !== undefined && (kind.inUse?.(state, id) ?? null) === null) {
      return refusal(404, 'not_found', `There is no ${entity}/${id} to change; PUT or POST makes one.`);
    }
    const base = partly ? kind.base?.(state, id) ?? {} : {};
    return kind.make(
      { ...base, ...body, ...kind.idFields(id) }, { state, nowMs, changes: id, partly });
  });
  return isRefusal(made) ? made : { status: 200, body: shown(edge, kind, made) };
}

export async function removeEntity(
  edge: Edge, { entity, id }: { entity: string; id: string }, request: FastifyRequest,
): Promise<Answer> {
  const kind = kindOf(entity);
  if (isRefusal(kind)) return kind;
  const { remove } = kind;
  if (remove === null) {
    return refusal(405, 'not_removable', `${entity} are replaced, not removed.`);
  }
  const removed = await write({ edge, kind, entity, actor: actorOf(request) }, (state, nowMs) => {
    const present = kind.find(state, id, nowMs);
    if (present === null || present.gone === true) return missing(entity, id);
    if (present.origin === 'file' && kind.removedThoughOfFile !== true) {
      return ownedByFile(entity, id);
    }
    const stale = mismatch(request.headers['if-match'], present.view, `${entity}/${id}`);
    return stale ?? kind.inUse?.(state, id) ?? { id, draft: remove(state, id) };
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
  // What the last, winning decision made.
  let made = null as Made | null;
  const changed = await changeAs(edge, actor, {
    decide: (state, nowMs): GovernanceDecision => {
      const decided = decide(state, nowMs);
      if (isRefusal(decided)) return decided;
      made = decided;
      return [...made.also ?? [], made.draft];
    },
    tell: (drafts, { before, after, nowMs }) => {
      const id = made?.id ?? '';
      const view = (state: GovernanceState) => kind.find(state, id, nowMs)?.view ?? null;
      return {
        act: drafts.at(-1)?.type ?? '', about: `${entity}/${id}`, detail: {},
        before: view(before), after: view(after),
      };
    },
  });
  if (isRefusal(changed)) return changed;
  return made ?? missing(entity, '');
}

/** When keys were last used; left out where no router can tell. */
async function withUses(
  edge: Edge, entity: string, views: readonly object[],
): Promise<readonly object[]> {
  if (entity !== 'keys') return views;
  const { keys } = edge.governance.state;
  try {
    const uses = await askKeyUses(edge, keys.values());
    return views.map((view) => ({ ...view, ...useView(uses.get((view as { id: string }).id)) }));
  } catch (error) {
    if (!isFault(error, 'router_unavailable')) throw error;
    return views;
  }
}

function shown(edge: Edge, kind: EntityKind, made: Made): unknown {
  const view = kind.find(edge.governance.state, made.id, edge.now())?.view ?? { id: made.id };
  return { ...view, ...made.once };
}

function kindOf(entity: string): EntityKind | HttpRefusal {
  if (entity === 'rate_limits' || entity === 'budgets') {
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
