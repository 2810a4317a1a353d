// GET /v1/jobs: the jobs a key may see, newest first, from the archive.
import { type FastifyRequest } from 'fastify';
import { z } from 'zod';
import { type VirtualKey } from '@libs/governance/state';
import { type JobState } from '@libs/jobs/state';
import { viewOf } from '@libs/jobs/view';
import { type Edge } from '../shared/edge';
import { readQuery } from '../shared/read-json';
import { type HttpRefusal, isRefusal } from '../shared/refusal';

const listQuery = z.object({
  status: z.enum([
    'queued', 'running', 'deferred', 'succeeded', 'failed', 'canceled', 'expired',
  ]).optional(),
  model: z.string().optional(),
  limit: z.coerce.number().int().min(1).max(100).default(20),
  after: z.string().optional(),
}).loose();

export async function listJobs(edge: Edge, request: FastifyRequest): Promise<object | HttpRefusal> {
  const key = edge.authenticate(request);
  if (isRefusal(key)) return key;
  const query = readQuery(request, listQuery);
  if (isRefusal(query)) return query;
  const jobs = await edge.archive.list({
    tenant: key.tenant,
    ...scopeOf(key),
    status: query.status ?? null,
    model: query.model ?? null,
    metadata: metadataOf(query),
    // One more tells whether there is a further page.
    limit: query.limit + 1,
    after: query.after ?? null,
  });
  const data = jobs.slice(0, query.limit).map(({ state }) => viewOf(state as JobState));
  return {
    object: 'list',
    data,
    first_id: data[0]?.id ?? null,
    last_id: data.at(-1)?.id ?? null,
    has_more: jobs.length > query.limit,
  };
}

function scopeOf(key: VirtualKey): { team: string | null; key: string | null } {
  const { visibility, team } = key.created;
  switch (visibility) {
    case 'key':
      return { team: null, key: key.id };
    case 'team':
      // A key without a team shares with nobody.
      return team === null ? { team: null, key: key.id } : { team, key: null };
    case 'customer':
      return { team: null, key: null };
  }
}

/** `metadata[user]=42`. */
function metadataOf(query: Readonly<Record<string, unknown>>): Record<string, string> {
  const metadata: Record<string, string> = {};
  for (const [name, value] of Object.entries(query)) {
    const key = /^metadata\[(.+)\]$/.exec(name)?.[1];
    if (key !== undefined && typeof value === 'string') metadata[key] = value;
  }
  return metadata;
}
