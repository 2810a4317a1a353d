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
  customer: z.string().optional(),
  limit: z.coerce.number().int().min(1).max(100).default(20),
  after: z.string().optional(),
});

/** Each is a fault of a writer: more than a few are not looked at one by one. */
const brokenCommitsMax = 100;

/** Jobs that were given up (run again with `POST /v1/jobs/{id}/redrive`), and unreadable commits. */
export async function deadLetters(
  edge: Edge, request: FastifyRequest,
): Promise<{ status: number; body: unknown } | HttpRefusal> {
  const query = readQuery(request, deadLetterQuery);
  if (isRefusal(query)) return query;
  const jobs = await edge.archive.deadLetters({
    tenant: query.customer ?? null, after: query.after ?? null,
    // One more tells whether there is a further page.
    limit: query.limit + 1,
  });
  const data = jobs.slice(0, query.limit)
    .map(({ state, tenant }) => ({ ...viewOf(state as JobState), customer: tenant }));
  const body = {
    object: 'list',
    data,
    first_id: data[0]?.id ?? null,
    last_id: data.at(-1)?.id ?? null,
    has_more: jobs.length > query.limit,
    broken_commits: await edge.archive.brokenCommits(brokenCommitsMax),
  };
  return { status: 200, body };
}
