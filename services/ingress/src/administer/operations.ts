// What operators look at: health of the parts, dead letters.
import { type FastifyRequest } from 'fastify';
import { z } from 'zod';
import { unpricedModels } from '@libs/governance/unpriced';
import { type JobState } from '@libs/jobs/state';
import { viewOf } from '@libs/jobs/view';
import { healthTable } from '@libs/routing/health-table';
import { type ProviderView } from '@libs/routing/health-view';
import { isFault } from '@libs/faults/faults';
import { askUsage } from '../shared/ask-usage';
import { askRouter } from '../shared/ask-router';
import { type Edge } from '../shared/edge';
import { readQuery } from '../shared/read-json';
import { type HttpRefusal, isRefusal } from '../shared/refusal';

const healthQuery = z.object({ format: z.enum(['json', 'text']).default('json') });

/** Health of the parts, and of every provider, target and key as the routers fold it. */
export async function healthReport(
  edge: Edge, request: FastifyRequest,
): Promise<{ status: number; body: unknown } | HttpRefusal> {
  const query = readQuery(request, healthQuery);
  if (isRefusal(query)) return query;
  const providers = await providersHealth(edge);
  if (query.format === 'text') {
    const text = providers === null ? 'no router answers' : healthTable(providers, Date.now());
    return { status: 200, body: `${text}\n` };
  }
  const { body } = edge.health.report();
  const [routers, workers] = [edge.cluster.routers(), edge.cluster.workers()];
  return { status: 200, body: { ...body, routers, workers, providers } };
}

/** Every router folds all of it: the first owner of a partition that answers will do. */
async function providersHealth(edge: Edge): Promise<readonly ProviderView[] | null> {
  for (let partition = 0; partition < edge.parts.partitionCount; partition += 1) {
    try {
      const question = { jobs: [], watch: null, health: true };
      const { health } = await askRouter(edge.signals, partition, question);
      return health as readonly ProviderView[];
    } catch (error) {
      if (!isFault(error, 'router_unavailable')) throw error;
    }
  }
  return null;
}

/** What is spent and held of every bound there is. */
export async function budgetsReport(edge: Edge): Promise<object> {
  const limits = [...edge.governance.state.limits.values()];
  return { object: 'list', data: await askUsage(edge, limits) };
}

/** What the configuration names and has no price, and what becomes of calls of it. */
export function unknownPrices(edge: Edge): object {
  const { state } = edge.governance;
  const data = unpricedModels(state).map(({ provider, model, namedBy }) =>
    ({ provider, model, named_by: namedBy }));
  return { object: 'list', policy: state.unknownPrice, data };
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
