// Reads the body of POST /v1/jobs (api.md, section 3). What it says goes before the headers.
import { type FastifyRequest } from 'fastify';
import { z } from 'zod';
import { isEndpoint } from '@libs/surfaces/surface';
import { conditionFacts } from '../shared/condition-facts';
import { type Edge } from '../shared/edge';
import { readJson } from '../shared/read-json';
import { type Asked, checkBody, mayAsk, passedHeaders } from '../shared/read-request';
import { type HttpRefusal, isRefusal } from '../shared/refusal';
import {
  badHeader, checkMetadata, deadlineSecondsMax, parseOptions, parseWebhookTarget, priorities,
  type RequestOptions,
} from '../shared/request-options';

const jobOrder = z.object({
  endpoint: z.string(),
  body: z.record(z.string(), z.unknown()),
  webhook: z.object({ url: z.string().optional(), endpoint_id: z.string().optional() })
    .refine(({ url, endpoint_id: id }) => (url === undefined) !== (id === undefined), {
      error: 'needs either url or endpoint_id',
    }).optional(),
  priority: z.enum(priorities).optional(),
  deadline_s: z.number().int().min(1).max(deadlineSecondsMax).optional(),
  /** Seconds since the epoch, or RFC 3339. */
  run_at: z.union([z.number().positive(), z.iso.datetime({ offset: true })]).optional(),
  metadata: z.unknown().optional(),
});
type JobOrder = z.infer<typeof jobOrder>;

/** A year: further ahead than anybody plans, and safe from milliseconds given as seconds. */
const runAtAheadMaxMs = 365 * 24 * 3600 * 1000;

export function readJobOrder(
  edge: Edge, request: FastifyRequest,
): { asked: Asked; runAtMs: number | null } | HttpRefusal {
  const key = edge.authenticate(request);
  if (isRefusal(key)) return key;
  const headers = parseOptions(request.headers);
  if (isRefusal(headers)) return headers;
  const order = readJson(request, jobOrder);
  if (isRefusal(order)) return order;
  const { endpoint, body } = order;
  if (!isEndpoint(endpoint)) return badHeader('endpoint', `"${endpoint}" is none that jobs take`);
  const options = mergeOptions(headers, order);
  if (isRefusal(options)) return options;
  const runAtMs = runAt(order.run_at, edge.now());
  if (isRefusal(runAtMs)) return runAtMs;
  const bodyText = JSON.stringify(body);
  const { state } = edge.governance;
  const checked = checkBody({ state, key, endpoint, body, bodyText, options });
  if (isRefusal(checked)) return checked;
  const { body: clean, ...what } = checked;
  const facts = conditionFacts(state, clean, request.headers);
  const asked = { ...what, key, endpoint, facts, passedHeaders: passedHeaders(request.headers) };
  return mayAsk(edge, key, asked, request) ?? { asked, runAtMs: runAtMs };
}

function mergeOptions(headers: RequestOptions, order: JobOrder): RequestOptions | HttpRefusal {
  const named = order.webhook?.url ?? order.webhook?.endpoint_id ?? null;
  const webhook = parseWebhookTarget(named, 'webhook');
  if (isRefusal(webhook)) return webhook;
  const metadata = order.metadata === undefined
    ? headers.metadata
    : checkMetadata(order.metadata, 'metadata');
  if (isRefusal(metadata)) return metadata;
  return {
    ...headers,
    webhook: webhook ?? headers.webhook,
    priority: order.priority ?? headers.priority,
    deadlineS: order.deadline_s ?? headers.deadlineS,
    metadata: metadata,
  };
}

function runAt(value: JobOrder['run_at'], nowMs: number): number | null | HttpRefusal {
  if (value === undefined) return null;
  const atMs = typeof value === 'number' ? Math.round(value * 1000) : Date.parse(value);
  if (atMs > nowMs + runAtAheadMaxMs) {
    return badHeader('run_at', 'is more than a year ahead; give seconds since the epoch');
  }
  return atMs;
}
