// Sends one test message to an endpoint, now, by the same way as deliveries, and tells how it went.
// Not a fact of any job, so it is not written to the log.
import { randomBytes } from 'node:crypto';
import { type WebhookEndpoint } from '@libs/governance/state';
import { egressProxy } from '@libs/settings/egress-proxy';
import { guardedDispatcher } from '@libs/webhooks/guarded-dispatcher';
import { deliveryTimeoutMs, post } from '@libs/webhooks/post';
import { signedHeaders } from '@libs/webhooks/sign';
import { checkWebhookUrl } from '../shared/address-guard';
import { type Edge } from '../shared/edge';
import { type HttpRefusal } from '../shared/refusal';

export interface TestSent {
  readonly delivered: boolean;
  readonly status: number | null;
  readonly message: string | null;
  readonly duration_ms: number;
}

export async function sendTest(
  edge: Edge, endpoint: WebhookEndpoint,
): Promise<TestSent | HttpRefusal> {
  const allowPrivate = edge.governance.state.webhooksAllowPrivate;
  const refused = await checkWebhookUrl(endpoint.url, allowPrivate);
  if (refused !== null) return refused;
  const nowMs = edge.now();
  const body = JSON.stringify({
    type: 'test', timestamp: new Date(nowMs).toISOString(), data: { endpoint_id: endpoint.id },
  });
  const { HOLDFAST_MASTER_KEY: masterKey } = edge.settings;
  const delivery = `msg_test_${randomBytes(12).toString('hex')}`;
  const headers = signedHeaders({ masterKey, endpoint, delivery, nowMs }, body);
  const guarded = guardedDispatcher(egressProxy(edge.settings), () => allowPrivate);
  const startedAt = performance.now();
  try {
    const message = { url: endpoint.url, headers, body, timeoutMs: deliveryTimeoutMs };
    const outcome = await post(message, guarded);
    return {
      delivered: outcome.kind === 'delivered',
      status: outcome.status,
      message: outcome.kind === 'delivered' ? null : outcome.message,
      duration_ms: Math.round(performance.now() - startedAt),
    };
  } finally {
    await guarded.close();
  }
}
