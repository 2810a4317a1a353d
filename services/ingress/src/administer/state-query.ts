// What `GET /audit/v1/state` takes.
import { type FastifyRequest } from 'fastify';
import { z } from 'zod';
import { projections } from '@libs/routing/moment/entries';
import { type AskState } from '@libs/signals/ask-audit';
import { readQuery } from '../shared/read-json';
import { type HttpRefusal, isRefusal } from '../shared/refusal';

/** A time says its zone, or it would mean another one elsewhere. */
const timeShape = /^\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d(:\d\d(\.\d+)?)?([Zz]|[+-]\d\d:\d\d)$/;
const takes = 'takes a sequence (1200) or a time with its zone (2026-11-26T10:00:00Z; write + as %2B)';

const moment = z.string({ error: takes }).transform((text, context): AskState['at'] => {
  if (/^\d{1,15}$/.test(text)) return { sequence: Number(text) };
  const timeMs = timeShape.test(text) ? Date.parse(text) : NaN;
  if (!Number.isNaN(timeMs)) return { timeMs };
  context.addIssue({ code: 'custom', message: takes });
  return z.NEVER;
});

const stateQuery = z.strictObject({
  at: moment,
  projection: z.enum(projections, { error: `is one of ${projections.join(', ')}` }),
  tenant: z.string().min(1).optional(),
  subject: z.string().min(1).optional(),
  limit: z.coerce.number().int().min(1).max(1_000).default(100),
  after: z.string().optional(),
  from: z.enum(['snapshot', 'beginning']).default('snapshot'),
});

export function readStateQuery(request: FastifyRequest): AskState | HttpRefusal {
  const query = readQuery(request, stateQuery);
  if (isRefusal(query)) return query;
  const { at, projection, tenant, subject, limit, after, from } = query;
  return {
    op: 'state', at, projection, tenant: tenant ?? null, subject: subject ?? null, limit,
    after: after ?? null, from_beginning: from === 'beginning',
  };
}
