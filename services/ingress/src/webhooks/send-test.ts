// Sends one test message to an endpoint, now, and tells how it went. Not a fact of any job, so it
// is not written to the log.
import { randomBytes } from 'node:crypto';
import { lookup as resolve, type LookupAddress } from 'node:dns';
import { type LookupFunction } from 'node:net';
import { Webhook } from 'standardwebhooks';
import { Agent, request } from 'undici';
import { type WebhookEndpoint } from '@libs/governance/state';
import { webhookSecret } from '@libs/settings/webhook-secret';
import { checkWebhookUrl, isRefusedAddress } from '../shared/address-guard';
import { type Edge } from '../shared/edge';
import { type HttpRefusal } from '../shared/refusal';

export interface TestSent {
  readonly delivered: boolean;
  readonly status: number | null;
  readonly message: string | null;
  readonly duration_ms: number;
}

/** The same bound as a real delivery. */
const timeoutMs = 15_000;

export async function sendTest(
  edge: Edge, endpoint: WebhookEndpoint,
): Promise<TestSent | HttpRefusal> {
  const allowPrivate = edge.governance.state.webhooksAllowPrivate;
  const refused = await checkWebhookUrl(endpoint.url, allowPrivate);
  if (refused !== null) return refused;
  const nowMs = edge.now();
  const id = `msg_test_${randomBytes(12).toString('hex')}`;
  const body = JSON.stringify({
    type: 'test', timestamp: new Date(nowMs).toISOString(), data: { endpoint_id: endpoint.id },
  });
  const secret = webhookSecret(edge.settings.HOLDFAST_MASTER_KEY, endpoint.id, endpoint.generation);
  const agent = new Agent({ connect: { timeout: timeoutMs, lookup: guarded(allowPrivate) } });
  const startedAt = performance.now();
  const took = (): number => Math.round(performance.now() - startedAt);
  try {
    const answer = await request(endpoint.url, {
      method: 'POST', body, dispatcher: agent, signal: AbortSignal.timeout(timeoutMs),
      headers: {
        'content-type': 'application/json',
        'user-agent': 'holdfast-webhooks/1',
        'webhook-id': id,
        'webhook-timestamp': String(Math.floor(nowMs / 1000)),
        'webhook-signature': new Webhook(secret).sign(id, new Date(nowMs), body),
      },
    });
    const status = answer.statusCode;
    const delivered = status >= 200 && status < 300;
    return { delivered, status, message: null, duration_ms: took() };
  } catch (error) {
    const { message } = error as Error;
    return { delivered: false, status: null, message, duration_ms: took() };
  } finally {
    // The body of the answer is of no interest.
    await agent.destroy();
  }
}

/** Checks every address a name stands for at connect time: it may have changed since. */
function guarded(allowPrivate: boolean): LookupFunction {
  return (host, options, done) => {
    resolve(host, { ...options, all: true }, (error, addresses) => {
      const found = addresses as LookupAddress[] | undefined ?? [];
      const [first] = found;
      if (error !== null || first === undefined) {
        done(error ?? new Error(`${host} has no address`), '', 0); return;
      }
      if (!allowPrivate && found.some(({ address }) => isRefusedAddress(address))) {
        done(new Error(`${host} points to a private or reserved address`), '', 0); return;
      }
      if (options.all === true) { done(null, found); return; }
      done(null, first.address, first.family);
    });
  };
}
