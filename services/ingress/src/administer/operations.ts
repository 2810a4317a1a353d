// What operators look at: health of the parts, dead letters.
import { type FastifyRequest } from 'fastify';
import { z } from 'zod';
import { type JobState } from '@libs/jobs/state';
import { viewOf } from '@libs/jobs/view';
import { type Edge } from '../shared/edge';
import { readQuery } from '../shared/read-json';
import { type HttpRefusal, isRefusal } from '../shared/refusal';

export function healthView(edge: Edge): object {
  const { body } = edge.health.report();
  return { ...body, routers: edge.cluster.routers(), workers: edge.cluster.workers() };
}

const deadLetterQuery = z.object({
  customer: z.string().default('default'),
  limit: z.coerce.number().int().min(1).max(100).default(20),
  after: z.string().optional(),
});

/** Failed jobs are read in pages of this size until enough dead letters are found. */
const pageSize = 200;
/** Bounds the search in an archive with many failures and few dead letters. */
const pagesMax = 20;

export async function deadLetters(
  edge: Edge, request: FastifyRequest,
): Promise<{ status: number; body: unknown } | HttpRefusal> {
  const query = readQuery(request, deadLetterQuery);
  if (isRefusal(query)) return query;
  const found: object[] = [];
  let after = query.after ?? null;
  for (let page = 0; page < pagesMax && found.length < query.limit; page += 1) {
    const jobs = await edge.archive.list({
      tenant: query.customer, team: null, key: null, status: 'failed', model: null, metadata: {},
      limit: pageSize, after,
    });
    for (const { state } of jobs) {
      const job = state as JobState;
      if (job.phase === 'settled' && job.error?.class === 'dead_letter') found.push(viewOf(job));
    }
    after = jobs.at(-1)?.id ?? null;
    if (jobs.length < pageSize) break;
  }
  return { status: 200, body: { object: 'list', data: found.slice(0, query.limit) } };
}
