// The headers of a webhook by the Standard Webhooks specification.
import { Webhook } from 'standardwebhooks';
import { type WebhookEndpoint } from '@libs/governance/state';
import { type Secret } from '@libs/settings/secret';
import { webhookSecret } from '@libs/settings/webhook-secret';

/** For some time after a rotation the secret before signs too. */
export function generationsNow(endpoint: WebhookEndpoint, nowMs: number): number[] {
  const { generation, oldUntilMs } = endpoint;
  const old = oldUntilMs !== null && nowMs < oldUntilMs && generation > 1;
  return old ? [generation, generation - 1] : [generation];
}

export interface Signing {
  readonly masterKey: Secret;
  readonly endpoint: WebhookEndpoint;
  /** The `webhook-id`: the same over all tries of a delivery. */
  readonly delivery: string;
  readonly nowMs: number;
}

export function signedHeaders(signing: Signing, body: string): Record<string, string> {
  const { masterKey, endpoint, delivery, nowMs } = signing;
  const time = new Date(nowMs);
  const signatures = generationsNow(endpoint, nowMs).map((generation) => {
    const secret = webhookSecret(masterKey, endpoint.id, generation);
    return new Webhook(secret).sign(delivery, time, body);
  });
  return {
    'content-type': 'application/json',
    'user-agent': 'holdfast-webhooks/1',
    'webhook-id': delivery,
    'webhook-timestamp': String(Math.floor(nowMs / 1000)),
    'webhook-signature': signatures.join(' '),
  };
}
