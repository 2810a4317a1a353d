// Webhooks against a receiver of this process, checked with the reference library.
import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import { type AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { Counter, Registry } from 'prom-client';
import { Webhook } from 'standardwebhooks';
import { type Catalogue } from '@libs/events/catalogue';
import { type EventDraft, type HoldfastEvent, stamp } from '@libs/events/envelope';
import { type WebhookEndpoint } from '@libs/governance/state';
import { type ContentKeys } from '@libs/content-keys/content-keys';
import { keysForSpecs } from '@libs/content-keys/keys-for-specs';
import { type DataKey } from '@libs/content-keys/data-key';
import { InMemoryKeyStore } from '@libs/content-keys/in-memory-key-store';
import { sealContent } from '@libs/content-keys/sealed-content';
import { InMemoryLog } from '@libs/log/in-memory-log';
import { Secret } from '@libs/settings/secret';
import { webhookSecret } from '@libs/settings/webhook-secret';
import { guardedDispatcher } from '@libs/webhooks/guarded-dispatcher';
import { givenGovernance } from '../shared/test-governance';
import { deliverWebhook, type WebhookDeps } from './deliver';
import { Slots } from './slots';

const masterKey = new Secret('master key');
interface Received { readonly headers: IncomingHttpHeaders; readonly body: string }

let receiver: Server;
let received: Received[];
let answerWith: { status: number; headers?: Record<string, string> };
let log: InMemoryLog;
let url: string;
const closers: (() => Promise<void>)[] = [];

beforeEach(async () => {
  received = [];
  answerWith = { status: 204 };
  log = new InMemoryLog();
  receiver = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      received.push({ headers: request.headers, body: Buffer.concat(chunks).toString() });
      response.writeHead(answerWith.status, answerWith.headers).end();
    });
  });
  await new Promise<void>((resolve) => receiver.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${(receiver.address() as AddressInfo).port}/hook`;
});
afterEach(async () => {
  for (const close of closers.splice(0)) await close();
  receiver.closeAllConnections();
  await new Promise((resolve) => receiver.close(resolve));
});

interface Setting {
  allowPrivate?: boolean;
  endpoint?: Partial<WebhookEndpoint>;
  keys?: ContentKeys;
}

function deps(
  { allowPrivate = true, endpoint = {}, keys = keysForSpecs() }: Setting = {},
): WebhookDeps {
  const known: WebhookEndpoint = {
    id: 'whe_1', tenant: 't', url, generation: 2, oldUntilMs: null, description: null, events: [],
    state: 'active', adHoc: false, key: null, createdAtMs: 0, ...endpoint,
  };
  const noProxy = { httpProxy: null, httpsProxy: null, noProxy: null };
  const guarded = guardedDispatcher(noProxy, () => allowPrivate);
  closers.push(guarded.close);
  return {
    log, keys, masterKey, guarded, publicUrl: 'https://api.example', slots: new Slots(2),
    governance: givenGovernance({ endpoints: new Map([['whe_1', known]]) }),
    deliveries: new Counter({
      name: 'd', help: 'd', labelNames: ['outcome'], registers: [new Registry()],
    }),
    now: () => Date.now(),
  };
}

async function due(change: Partial<Catalogue['WebhookDue']> = {}): Promise<HoldfastEvent<'WebhookDue'>> {
  const data: Catalogue['WebhookDue'] = {
    delivery: 'msg_1', endpoint_id: 'whe_1', try: 1, event_type: 'job.succeeded',
    job: { id: 'job_1', status: 'succeeded' }, terminal: { sequence: 1, line: 0 }, ...change,
  };
  const draft = { type: 'WebhookDue' as const, subject: 'job_1', tenant: 't', data };
  return Promise.resolve(stamp(draft, 'due', Date.now()) as HoldfastEvent<'WebhookDue'>);
}

async function settled(result: string, key: DataKey | null = null): Promise<void> {
  const content = await sealContent(log, result, key);
  const data: Catalogue['JobSucceeded'] = {
    routing: 1, attempts: [], provider: 'a', model: 'm', usage: null, cost_pico_usd: null,
    status: 200, result: content.ref, dropped_params: [],
  };
  const draft = { type: 'JobSucceeded' as const, subject: 'job_1', tenant: 't', data };
  const event = stamp(draft, 'end', Date.parse('2030-01-02T03:04:05.000Z'));
  await log.append('events.job.2.settled', { events: [event], content: content.lines });
}

async function deliver(setting?: Setting, change?: Partial<Catalogue['WebhookDue']>): Promise<void> {
  const event = await due(change);
  const { sequence } = await log.append('events.job.2.routed', { events: [event] });
  await deliverWebhook(deps(setting), (await log.readAt(sequence))!, event);
}

const verify = ({ body, headers }: Received, generation: number): unknown =>
  new Webhook(webhookSecret(masterKey, 'whe_1', generation)).verify(body, headers as never);

describe('a delivery', () => {
  test('is signed, and carries the job with its result', async () => {
    await settled('{"choices":[1.10]}');
    await deliver();
    const [one] = received;
    expect(verify(one!, 2)).toEqual({
      type: 'job.succeeded', timestamp: '2030-01-02T03:04:05.000Z',
      data: { id: 'job_1', status: 'succeeded', result: { choices: [1.1] } },
    });
    expect(one!.headers['webhook-id']).toBe('msg_1');
    expect(log.events('events.webhook.2')).toMatchObject([
      { type: 'WebhookDelivered', subject: 'job_1', causation: 'due', data: { try: 1, status: 204 } },
    ]);
  });
  test('has the result of sealed content, and only its place when it was erased meanwhile', async () => {
    const store = new InMemoryKeyStore();
    await settled('{"choices":[]}', await keysForSpecs(store).keyOf('subject'));
    await deliver({ keys: keysForSpecs(store) });
    await store.destroy('subject', () => true);
    await deliver({ keys: keysForSpecs(store) });
    const [before, after] = received.map(({ body }) => JSON.parse(body) as { data: object });
    expect(before!.data).toMatchObject({ result: { choices: [] } });
    expect(after!.data).toEqual({
      id: 'job_1', status: 'succeeded', result_url: 'https://api.example/v1/jobs/job_1/result',
    });
  });

  test('names where a large result is found', async () => {
    await settled(JSON.stringify('x'.repeat(300_000)));
    await deliver();
    expect(JSON.parse(received[0]!.body)).toMatchObject({
      data: { result_url: 'https://api.example/v1/jobs/job_1/result' },
    });
  });
  test('is signed with the secret before, too, for as long as a rotation grants', async () => {
    await deliver({ endpoint: { oldUntilMs: Date.now() + 60_000 } }, { event_type: 'test' });
    await deliver({ endpoint: { oldUntilMs: Date.now() - 1 } }, { event_type: 'test' });
    const [during, after] = received;
    expect(() => verify(during!, 1)).not.toThrow();
    expect(() => verify(during!, 2)).not.toThrow();
    expect(() => verify(after!, 1)).toThrow();
    expect(() => verify(after!, 2)).not.toThrow();
  });
});

describe('an alert', () => {
  const id = 'budget_threshold/key/k budget day calendar/100/2030-01-02T00:00:00.000Z/80';
  const alert = { id, object: 'alert', alert: 'budget_threshold', customer: 't', percent: 80 };
  const alertRaised: EventDraft = {
    type: 'AlertRaised', subject: id, tenant: 't',
    data: {
      alert: 'price_unknown', provider: 'one', model: 'm', day: '2030-01-02', webhooks: ['whe_1'], seen: 0, now_ms: 0,
    },
  };
  const alertDue = async (): Promise<void> => {
    const raised = stamp(alertRaised, 'raised', Date.parse('2030-01-02T03:04:05.000Z'));
    const at = await log.append('events.job.2.routed', { events: [raised] });
    const data: Catalogue['WebhookDue'] = {
      delivery: 'msg_019b76da-a800-alert-1-0-0', endpoint_id: 'whe_1', try: 1, event_type: 'budget.threshold',
      job: {}, terminal: { sequence: at.sequence, line: 0 }, alert,
    };
    const event = stamp({ type: 'WebhookDue', subject: id, tenant: 't', data }, 'due', Date.now());
    const { sequence } = await log.append('events.job.2.routed', { events: [event] });
    await deliverWebhook(deps(), (await log.readAt(sequence))!, event as HoldfastEvent<'WebhookDue'>);
  };

  test('is delivered as a job is: signed, with the time it was raised', async () => {
    await alertDue();
    expect(verify(received[0]!, 2)).toEqual({ type: 'budget.threshold', timestamp: '2030-01-02T03:04:05.000Z', data: alert });
    expect(received[0]!.headers['webhook-id']).toBe('msg_019b76da-a800-alert-1-0-0');
    expect(log.events('events.webhook.2')).toMatchObject([
      { type: 'WebhookDelivered', subject: id, tenant: 't', causation: 'due', data: { try: 1, status: 204 } },
    ]);
  });

  test('ends for a receiver that is gone', async () => {
    answerWith = { status: 410 };
    await alertDue();
    expect(log.events('events.webhook.2')).toMatchObject([
      { type: 'WebhookAttemptFailed', subject: id, data: { gone: true } }, { type: 'WebhookExhausted', subject: id },
    ]);
  });
});

describe('a delivery that the receiver does not take', () => {
  const tryOut = { event_type: 'test' as const };
  test('is tried again, not before the receiver wants it', async () => {
    answerWith = { status: 503, headers: { 'retry-after': '40' } };
    await deliver({}, tryOut);
    expect(log.events('events.webhook.2')).toMatchObject([
      { type: 'WebhookAttemptFailed', data: { status: 503, retry_after_ms: 40_000, gone: false } },
    ]);
  });
  test('does not follow a redirect', async () => {
    answerWith = { status: 307, headers: { location: `${url}/elsewhere` } };
    await deliver({}, tryOut);
    expect(received).toHaveLength(1);
    expect(log.events('events.webhook.2')).toMatchObject([
      { type: 'WebhookAttemptFailed', data: { status: 307 } },
    ]);
  });
  test('ends when the receiver is gone', async () => {
    answerWith = { status: 410 };
    await deliver({}, tryOut);
    expect(log.events('events.webhook.2')).toMatchObject([
      { type: 'WebhookAttemptFailed', data: { gone: true } }, { type: 'WebhookExhausted' },
    ]);
  });
  test('ends after the last try of the schedule', async () => {
    answerWith = { status: 500 };
    await deliver({}, { ...tryOut, try: 10 });
    expect(log.events('events.webhook.2').map(({ type }) => type)).toEqual([
      'WebhookAttemptFailed', 'WebhookExhausted',
    ]);
  });
  test('is not sent to an endpoint that was disabled', async () => {
    await deliver({ endpoint: { state: 'disabled' } }, tryOut);
    expect(received).toEqual([]);
    expect(log.events('events.webhook.2').at(-1)?.type).toBe('WebhookExhausted');
  });
});

describe('a private address', () => {
  const refused = { type: 'WebhookAttemptFailed', data: { status: null } };
  test('is refused when given as such', async () => {
    await deliver({ allowPrivate: false }, { event_type: 'test' });
    expect(received).toEqual([]);
    expect(log.events('events.webhook.2')[0]).toMatchObject(refused);
  });
  test('is refused when a name leads to it', async () => {
    const named = url.replace('127.0.0.1', 'localhost');
    await deliver({ allowPrivate: false, endpoint: { url: named } }, { event_type: 'test' });
    expect(received).toEqual([]);
    const [failed] = log.eventsOf('WebhookAttemptFailed');
    expect(failed!.data.message).toContain('private or reserved address');
  });
});
