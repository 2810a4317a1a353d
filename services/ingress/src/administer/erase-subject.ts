// POST /admin/v1/erasures: makes everything unreadable that is kept of one data subject.
import { type FastifyRequest } from 'fastify';
import { z } from 'zod';
import { isFault } from '@libs/faults/faults';
import { actorOf } from '../shared/actor';
import { type Edge } from '../shared/edge';
import { readJson } from '../shared/read-json';
import { type HttpRefusal, isRefusal, refusal } from '../shared/refusal';
import { recordAct } from './record-act';

/** Strict: a `dry_run` that is misspelled would erase. */
const erasureBody = z.strictObject({
  /** As it was given with the requests: header `holdfast-subject`, or what the body named. */
  subject: z.string().min(1).max(4096),
  customer: z.string().min(1).default('default'),
  /** Kept for ever: it is to name nobody. */
  reason: z.string().min(1).max(500),
  dry_run: z.boolean().default(false),
});

export async function eraseSubject(
  edge: Edge, request: FastifyRequest,
): Promise<{ status: number; body: unknown } | HttpRefusal> {
  const order = readJson(request, erasureBody);
  if (isRefusal(order)) return order;
  const { subject, customer: tenant, reason } = order;
  if (!edge.governance.state.customers.has(tenant) && tenant !== 'default') {
    return refusal(404, 'not_found', `There is no customer "${tenant}".`, { param: 'customer' });
  }
  const name = edge.subjectKeys.names.nameOf(tenant, subject);
  const jobs = await countJobs(edge, name);
  if (order.dry_run) {
    const keys = await edge.erasures.keysOf(name);
    const view = { customer: tenant, data_subject: name, keys, jobs, status: 'dry_run' };
    return { status: 200, body: { object: 'erasure', id: null, ...view } };
  }
  const actor = actorOf(request);
  const id = await edge.erasures.request({ tenant, name, jobs, reason, actor: actor.id });
  const keys = edge.erasures.open(id)?.keys ?? [];
  await recordAct(edge, actor, {
    act: 'ErasureRequested', about: `erasures/${id}`, detail: { data_subject: name, reason },
  });
  const done = await carryOut(edge, id);
  const view = { customer: tenant, data_subject: name, keys, jobs, reason };
  return {
    status: done ? 200 : 202,
    body: { object: 'erasure', id, ...view, status: done ? 'erased' : 'requested' },
  };
}

/** False: it is in the log and will be done; the store of keys is away now. */
async function carryOut(edge: Edge, id: string): Promise<boolean> {
  try {
    await edge.erasures.carryOut(id);
    return true;
  } catch (error) {
    if (!isFault(error)) throw error;
    edge.logger.warn({ err: error, erasure: id }, 'an erasure is not done yet');
    return false;
  }
}

/** null: the archive cannot be asked; an erasure does not wait for it. */
async function countJobs(edge: Edge, name: string): Promise<number | null> {
  try {
    return await edge.archive.countOfSubject(name);
  } catch (error) {
    if (!isFault(error, 'archive_unavailable')) throw error;
    return null;
  }
}
