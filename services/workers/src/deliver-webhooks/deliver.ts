// Delivers one webhook that is due and writes down how it went. At least once: a redelivered commit
// is delivered again, under the same `webhook-id`.
import { type ContentKeys } from '@libs/content-keys/content-keys';
import { type HoldfastEvent } from '@libs/events/envelope';
import { type Catalogue } from '@libs/events/catalogue';
import { type EventDraft } from '@libs/events/envelope';
import { partitionOfSubject, subjects } from '@libs/events/subjects';
import { failedDelivery } from '@libs/jobs/decide-webhook';
import { type WebhookEndpoint } from '@libs/governance/state';
import { type Commit, type EventLog } from '@libs/log/log';
import { type Secret } from '@libs/settings/secret';
import { type Counter } from '@libs/telemetry/metrics';
import { type GuardedDispatcher } from '@libs/webhooks/guarded-dispatcher';
import { deliveryTimeoutMs, post, type PostOutcome } from '@libs/webhooks/post';
import { signedHeaders } from '@libs/webhooks/sign';
import { type GovernanceFold } from '../shared/governance-fold';
import { keepTrying } from '../shared/keep-trying';
import { writeFacts } from '../shared/write-facts';
import { webhookBody } from './payload';
import { type Slots } from './slots';

/** An endpoint just registered with the job it belongs to may not be folded yet. */
const governanceWaitMs = 2_000;

export interface WebhookDeps {
  readonly log: EventLog;
  readonly keys: ContentKeys;
  readonly governance: GovernanceFold;
  readonly masterKey: Secret;
  readonly publicUrl: string | null;
  readonly guarded: GuardedDispatcher;
  readonly slots: Slots;
  readonly deliveries: Counter<'outcome'>;
  readonly now: () => number;
}

/** @throws Fault when what happened cannot be made durable. */
export async function deliverWebhook(
  deps: WebhookDeps, commit: Commit, event: HoldfastEvent<'WebhookDue'>,
): Promise<void> {
  await deps.slots.run(async () => {
    const endpoint = await endpointOf(deps, event.data.endpoint_id);
    const startedAtMs = deps.now();
    const outcome = await tryOnce(deps, event.data, endpoint);
    deps.deliveries.inc({ outcome: outcome.kind });
    const drafts = draftsOf(event, outcome, deps.now() - startedAtMs);
    const partition = partitionOfSubject(commit.subject);
    if (partition === null) throw new Error(`${commit.subject} has no partition`);
    const subject = subjects.webhook(partition);
    await keepTrying(() => writeFacts(deps.log, subject, { drafts }, deps.now()), () => false);
  });
}

async function endpointOf(deps: WebhookDeps, id: string): Promise<WebhookEndpoint | undefined> {
  const known = deps.governance.state.endpoints.get(id);
  if (known !== undefined) return known;
  await deps.governance.waitFor(deps.governance.state.sequence + 1, governanceWaitMs);
  return deps.governance.state.endpoints.get(id);
}

type Due = Catalogue['WebhookDue'];

async function tryOnce(
  deps: WebhookDeps, due: Due, endpoint: WebhookEndpoint | undefined,
): Promise<PostOutcome> {
  if (endpoint === undefined || endpoint.state !== 'active') {
    const state = endpoint?.state ?? 'unknown';
    return {
      kind: 'failed', status: null, message: `the endpoint is ${state}`, retryAfterMs: null,
      gone: true,
    };
  }
  const { masterKey } = deps;
  const body = await keepTrying(() => webhookBody(deps, due, deps.now()), () => false);
  const { delivery } = due;
  const headers = signedHeaders({ masterKey, endpoint, delivery, nowMs: deps.now() }, body);
  return post({ url: endpoint.url, headers, body, timeoutMs: deliveryTimeoutMs }, deps.guarded);
}

function draftsOf(
  event: HoldfastEvent<'WebhookDue'>, outcome: PostOutcome, durationMs: number,
): readonly EventDraft[] {
  const { delivery, endpoint_id, try: tryNumber } = event.data;
  const about = { subject: event.subject, tenant: event.tenant };
  const base = { delivery, endpoint_id, try: tryNumber, duration_ms: Math.round(durationMs) };
  const drafts: readonly EventDraft[] = outcome.kind === 'delivered'
    ? [{ ...about, type: 'WebhookDelivered', data: { ...base, status: outcome.status } }]
    : failedDelivery({ id: event.subject, tenant: event.tenant }, {
        ...base, status: outcome.status, message: outcome.message,
        retry_after_ms: outcome.retryAfterMs, gone: outcome.gone,
      });
  return drafts.map((draft) => ({ ...draft, causation: event.id }));
}
