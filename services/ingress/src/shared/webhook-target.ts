// The webhook of a job: an endpoint by its id, or a URL that is registered as one on first use.
import { createHash } from 'node:crypto';
import { type VirtualKey } from '@libs/governance/state';
import { checkWebhookUrl } from './address-guard';
import { type Edge } from './edge';
import { type HttpRefusal, isRefusal, refusal } from './refusal';
import { type WebhookTarget } from './request-options';

/** The endpoint's id. @throws Fault log_unavailable */
export async function webhookEndpointOf(
  edge: Edge, key: VirtualKey, target: WebhookTarget,
): Promise<string | HttpRefusal> {
  const id = target.kind === 'endpoint' ? target.id : adHocId(key.tenant, target.url);
  const known = edge.governance.state.endpoints.get(id);
  if (known?.tenant === key.tenant && known.state === 'active') return id;
  if (known?.tenant === key.tenant && known.state === 'disabled') {
    return unusable(`The webhook endpoint ${id} is disabled; enable it first.`);
  }
  if (target.kind === 'endpoint') return unusable(`There is no webhook endpoint "${id}".`);
  return registerAdHoc(edge, key, { id, url: target.url });
}

/** One endpoint per customer and URL, whoever names it first. */
function adHocId(tenant: string, url: string): string {
  const hash = createHash('sha256').update(`${tenant}\n${url}`).digest('hex');
  return `whe_${hash.slice(0, 24)}`;
}

async function registerAdHoc(
  edge: Edge, key: VirtualKey, endpoint: { id: string; url: string },
): Promise<string | HttpRefusal> {
  const { id, url } = endpoint;
  const refused = await checkWebhookUrl(url, edge.governance.state.webhooksAllowPrivate);
  if (refused !== null) return refused;
  const changed = await edge.governance.change((state) => {
    const known = state.endpoints.get(id);
    if (known !== undefined && known.state === 'active') return [];
    return [{
      type: 'WebhookEndpointCreated', subject: id, tenant: key.tenant,
      data: {
        endpoint: id, url, generation: (known?.generation ?? 0) + 1, description: null,
        events: [], ad_hoc: true, key: key.id, origin: 'api',
      },
    }];
  });
  return isRefusal(changed) ? changed : id;
}

function unusable(message: string): HttpRefusal {
  return refusal(400, 'invalid_webhook', message, { param: 'holdfast-webhook' });
}
