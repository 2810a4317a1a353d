// The paths of the API: which prefixes exist, which surface's envelope a path answers with, and
// what there is (for the 404 that names it).
import { type Surface } from '@libs/surfaces/surface';

/** Every public path is also there under the prefixes that the official SDKs are pointed at. */
export const prefixes = ['v1', 'openai/v1', 'anthropic/v1'];

export const existing = [
  'POST /v1/chat/completions', 'POST /v1/completions', 'POST /v1/embeddings', 'POST /v1/messages',
  'POST /v1/messages/count_tokens', 'GET /v1/models', 'GET /v1/models/{id}', 'POST|GET /v1/jobs',
  'GET /v1/jobs/{id}', 'GET /v1/jobs/{id}/result', 'GET /v1/jobs/{id}/stream',
  'GET /v1/jobs/{id}/events', 'POST /v1/jobs/{id}/cancel', 'POST /v1/jobs/{id}/redrive',
  'POST|GET|PATCH|DELETE /v1/webhook_endpoints', 'GET /v1/webhook_deliveries', 'GET /v1/usage',
  '/admin/v1/*', '/audit/v1/*',
  'GET /health/live', 'GET /health/ready', 'GET /metrics',
];

/** The surface whose errors a client of this path understands. */
export function surfaceOfPath(
  url: string, headers: Readonly<Record<string, unknown>>,
): Surface {
  if (url.startsWith('/anthropic/') || url.includes('/v1/messages')) return 'anthropic';
  if (url.startsWith('/openai/')) return 'openai';
  return headers['anthropic-version'] === undefined ? 'openai' : 'anthropic';
}
