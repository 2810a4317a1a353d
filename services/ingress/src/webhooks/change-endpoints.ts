// Changes of webhook endpoints as governance events.
import { randomBytes } from 'node:crypto';
import { z } from 'zod';
import { customerAlertTypes } from '@libs/events/alert-events';
import { type EventDraft } from '@libs/events/envelope';
import { type VirtualKey, type WebhookEndpoint } from '@libs/governance/state';
import { checkWebhookUrl } from '../shared/address-guard';
import { type Edge } from '../shared/edge';
import { type HttpRefusal, isRefusal, refusal } from '../shared/refusal';

/** What only operators can mend is told to those that the file names (`alerts.webhooks`). */
const eventTypes = z.array(z.enum([
  'job.succeeded', 'job.failed', 'job.canceled', 'job.expired', ...customerAlertTypes,
]));
const description = z.string().max(1000).nullable();

export const endpointOrder = z.object({
  url: z.string(), description: description.default(null), events: eventTypes.default([]),
});
export const endpointChange = z.object({
  url: z.string().optional(),
  description: description.optional(),
  events: eventTypes.optional(),
  status: z.enum(['active', 'disabled']).optional(),
});

/** The secret before signs too for a day: receivers take the new one over meanwhile. */
const oldSecretMs = 24 * 3600 * 1000;

type Changed = Promise<WebhookEndpoint | HttpRefusal>;

export async function createEndpoint(
  edge: Edge, key: VirtualKey, order: z.infer<typeof endpointOrder>,
): Changed {
  const refused = await checkWebhookUrl(order.url, edge.governance.state.webhooksAllowPrivate);
  if (refused !== null) return refused;
  const id = `whe_${randomBytes(12).toString('hex')}`;
  return write(edge, id, () => [{
    type: 'WebhookEndpointCreated', subject: id, tenant: key.tenant,
    data: {
      endpoint: id, url: order.url, generation: 1, description: order.description,
      events: order.events, ad_hoc: false, key: key.id, origin: 'api',
    },
  }]);
}

export async function changeEndpoint(
  edge: Edge, endpoint: WebhookEndpoint, change: z.infer<typeof endpointChange>,
): Changed {
  const { status, ...rest } = change;
  if (rest.url !== undefined) {
    const refused = await checkWebhookUrl(rest.url, edge.governance.state.webhooksAllowPrivate);
    if (refused !== null) return refused;
  }
  const { id, tenant } = endpoint;
  const data = {
    endpoint: id,
    ...(rest.url === undefined ? {} : { url: rest.url }),
    ...(rest.description === undefined ? {} : { description: rest.description }),
    ...(rest.events === undefined ? {} : { events: rest.events }),
    ...(status === undefined ? {} : { state: status }),
    origin: 'api' as const,
  };
  return write(edge, id, () => [{ type: 'WebhookEndpointChanged', subject: id, tenant, data }]);
}

export function rotateEndpoint(edge: Edge, endpoint: WebhookEndpoint): Changed {
  const { id, tenant } = endpoint;
  return write(edge, id, (now, nowMs) => [{
    type: 'WebhookEndpointRotated', subject: id, tenant,
    data: {
      endpoint: id, generation: now.generation + 1, old_until_ms: nowMs + oldSecretMs,
      origin: 'api',
    },
  }]);
}

export function setDeleted(edge: Edge, endpoint: WebhookEndpoint): Changed {
  const { id, tenant } = endpoint;
  return write(edge, id, () => [{
    type: 'WebhookEndpointDeleted', subject: id, tenant, data: { endpoint: id, origin: 'api' },
  }]);
}

/** Decides against the endpoint as it is when written, and gives it as it is afterwards. */
async function write(
  edge: Edge, id: string,
  drafts: (endpoint: { generation: number }, nowMs: number) => readonly EventDraft[],
): Changed {
  const changed = await edge.governance.change((state, nowMs) =>
    drafts(state.endpoints.get(id) ?? { generation: 0 }, nowMs));
  if (isRefusal(changed)) return changed;
  return edge.governance.state.endpoints.get(id)
    ?? refusal(404, 'endpoint_not_found', `There is no webhook endpoint "${id}".`);
}
