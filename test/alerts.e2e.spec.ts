// Alerts from outside: a receiver of the operators and one of a customer, signatures checked with the
// reference library, the router killed between the thresholds of a budget. Each comes once.
import { execFile } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Webhook } from 'standardwebhooks';
import { startProviderSim } from '../tools/provider-sim/src/start';
import { call, chat, json } from './support/api';
import { eventually, type Holdfast, startHoldfast } from './support/holdfast';
import { type Receiver, startReceiver } from './support/receiver';
import { setScript } from './support/sim';

const run = promisify(execFile);
const keys = { metered: 'hf-metered-key-0000000000', other: 'hf-other-key-000000000000' };

let sim: Awaited<ReturnType<typeof startProviderSim>>;
let holdfast: Holdfast;
let ops: Receiver;
let own: Receiver;
let quiet: Receiver;
let opsSecret: string;
let ownSecret: string;

/** A request costs about 0.00004 USD: ten to the budget. */
const limitUsd = 0.0004;
const config = (url: string, opsUrl: string): string => `
providers:
  - { id: sim, type: openai, base_url: "${url}/p/sim/v1", api_key: env:SIM_KEY, models: ["sim-small", "unpriced"] }
  - { id: broken, type: openai, base_url: "${url}/p/broken/v1", api_key: env:SIM_KEY, models: ["only-here"] }
prices:
  - { provider: sim, model: sim-small, input_usd_per_mtok: 1, output_usd_per_mtok: 2 }
  - { provider: broken, model: only-here, input_usd_per_mtok: 1, output_usd_per_mtok: 2 }
webhooks: { allow_private: true }
alerts:
  webhooks: [{ url: "${opsUrl}" }]
customers:
  - id: acme
    keys:
      - { id: metered, value: env:METERED_KEY, budgets: [{ limit_usd: "${limitUsd}", window: total }] }
  - id: globex
    keys: [{ id: other, value: env:OTHER_KEY }]
`;

beforeAll(async () => {
  [sim, ops, own, quiet] = await Promise.all([
    startProviderSim({ port: 0 }), startReceiver(), startReceiver(), startReceiver(),
  ]);
  holdfast = await startHoldfast({
    config: config(sim.url, ops.url),
    env: { SIM_KEY: 'sk-sim', METERED_KEY: keys.metered, OTHER_KEY: keys.other },
  });
}, 180_000);
afterAll(async () => {
  await holdfast.stop();
  await Promise.all([sim.close(), ops.close(), own.close(), quiet.close()]);
}, 60_000);

const as = (key: string): Record<string, string> => ({ authorization: `Bearer ${key}` });
const admin = <T>(path: string, options: { method?: string; body?: unknown } = {}): Promise<T> =>
  json<T>(call(holdfast, `/admin/v1/${path}`, { ...options, headers: as(holdfast.adminToken) }));
interface Message { type: string; timestamp: string; data: Record<string, unknown> }
/** What came of one type, each signature checked. */
const came = ({ received }: Receiver, secret: string, type: string): Message[] => received
  .map(({ body, headers }) => new Webhook(secret).verify(body, headers) as Message)
  .filter((message) => message.type === type);
const idsOf = ({ received }: Receiver): string[] => received.map(({ headers }) => headers['webhook-id'] ?? '');

describe('endpoints', () => {
  it('of operators come from the file, and their secret is shown to an administrator', async () => {
    const { data } = await admin<{ data: { id: string; url: string; status: string }[] }>('alert_endpoints');
    expect(data).toMatchObject([{ url: ops.url, status: 'active', customer: 'system' }]);
    const shown = await admin<{ secret: string }>(`alert_endpoints/${data[0]!.id}/secret`, { method: 'POST' });
    opsSecret = shown.secret;
    expect(opsSecret).toMatch(/^whsec_/);
  });

  it('of a customer name the alerts they want, and none that only operators can mend', async () => {
    const create = (url: string, key: string, events: string[]): Promise<Response> =>
      call(holdfast, '/v1/webhook_endpoints', { body: { url, events }, headers: as(key) });
    const made = await create(own.url, keys.metered, ['budget.threshold', 'key.expiring', 'outcome.unknown']);
    expect(made.status).toBe(201);
    ownSecret = (await json<{ secret: string }>(made)).secret;
    expect((await create(quiet.url, keys.metered, [])).status).toBe(201);
    expect((await create(quiet.url, keys.other, ['budget.threshold'])).status).toBe(201);
    expect((await create(quiet.url, keys.metered, ['provider_key.disabled'])).status).toBe(400);
  });
});

describe('thresholds of a budget', () => {
  const percents = (receiver: Receiver, secret: string): unknown[] =>
    came(receiver, secret, 'budget.threshold').map(({ data }) => data['percent']).sort();

  it('come once each, also when the router is killed in between', async () => {
    const statuses: number[] = [];
    const seen = new Set<number>();
    let spentUsd = 0;
    for (let count = 0; count < 40 && statuses.at(-1) !== 402; count += 1) {
      const answer = await call(holdfast, '/v1/chat/completions', { body: chat(`question ${count}`), headers: as(keys.metered) });
      statuses.push(answer.status);
      spentUsd += Number(answer.headers.get('holdfast-cost-usd') ?? 0);
      await answer.text();
      await sleep(100);
      const told = (): number => came(ops, opsSecret, 'budget.threshold').length;
      // Or the budget is gone before the first one was delivered.
      if (spentUsd >= limitUsd / 2) await eventually('the first', async () => Promise.resolve(told() > 0));
      const now = told();
      // Once behind each: the next one is decided by whoever takes over, or by the same started again.
      if (now === 0 || now > 2 || seen.has(now)) continue;
      seen.add(now);
      await holdfast.signal('router', 'SIGKILL');
    }
    expect(seen.size).toBeGreaterThan(0);
    expect(statuses.filter((status) => status === 200).length).toBeGreaterThan(5);
    expect(statuses.at(-1)).toBe(402);
    await eventually('all three', async () => Promise.resolve(
      percents(ops, opsSecret).length >= 3 && percents(own, ownSecret).length >= 3));
    await holdfast.signal('router', 'SIGKILL');
    const again = await eventually('an answer', async () => {
      const answer = await call(holdfast, '/v1/chat/completions', { body: chat('more'), headers: as(keys.metered) });
      return answer.status === 402 && answer;
    });
    expect(again.status).toBe(402);
    await sleep(1_500);
    expect(percents(ops, opsSecret)).toEqual([100, 50, 80]);
    expect(percents(own, ownSecret)).toEqual([100, 50, 80]);
    const ids = [...idsOf(ops), ...idsOf(own)];
    expect(new Set(ids).size).toBe(6);
    expect(quiet.received).toEqual([]);
  }, 120_000);

  it('say how much is spent of what', () => {
    const message = came(own, ownSecret, 'budget.threshold').find(({ data }) => data['percent'] === 100);
    expect(message).toMatchObject({
      data: {
        object: 'alert', alert: 'budget_threshold', customer: 'acme', limit_usd: '0.0004', refused: true, window_ends_at: null,
        budget: { level: 'key', id: 'metered', window: 'total', calendar: false, models: [], providers: [], soft: false },
      },
    });
    expect(Date.parse(message!.timestamp)).toBeGreaterThan(Date.now() - 600_000);
  });

  it('are in the list of deliveries of their customer, and can be sent again under the same id', async () => {
    const deliveries = (): Promise<{ data: { id: string; status: string; type?: string; last_status: number }[] }> =>
      json(call(holdfast, '/v1/webhook_deliveries', { headers: as(keys.metered) }));
    // Received is a moment before delivered: that the receiver took it has to reach the archive.
    const data = await eventually('all deliveries', async () => {
      const listed = await deliveries();
      return listed.data.length >= 3 && listed.data.every(({ status }) => status === 'delivered') && listed.data;
    });
    expect(data).toMatchObject(Array.from({ length: 3 }, () => ({
      object: 'webhook_delivery', type: 'budget.threshold', status: 'delivered', tries: 1, last_status: 200, job_id: null,
    })));
    expect(idsOf(own)).toEqual(expect.arrayContaining(data.map(({ id }) => id)));
    const [first] = data;
    const again = await call(holdfast, `/v1/webhook_deliveries/${first!.id}/redeliver`, { method: 'POST', headers: as(keys.metered) });
    expect(again.status).toBe(202);
    await eventually('it again', async () => Promise.resolve(idsOf(own).filter((id) => id === first!.id).length === 2));
    const foreign = await call(holdfast, `/v1/webhook_deliveries/${first!.id}`, { headers: as(keys.other) });
    expect(foreign.status).toBe(404);
  });
});

describe('what else is told', () => {
  it('is a provider key that its provider refuses, once', async () => {
    await setScript(sim.url, 'broken', { steps: [{ times: 'forever', fault: 'unauthorized' }] });
    // There and nowhere else: for the bare name the other provider may be drawn, which takes any.
    for (let count = 0; count < 3; count += 1) {
      await (await call(holdfast, '/v1/chat/completions', { body: chat(`b${count}`, 'broken/only-here') })).text();
    }
    const disabled = (): Message[] => came(ops, opsSecret, 'provider_key.disabled');
    await eventually('the alert', async () => Promise.resolve(disabled().length > 0));
    await sleep(500);
    expect(disabled()).toMatchObject([
      { data: { alert: 'provider_key_disabled', provider: 'broken', error: 'credentials_rejected' } },
    ]);
    expect(disabled()[0]!.data).not.toHaveProperty('customer');
  }, 60_000);

  it('is a key that expires soon, to its customer and to operators', async () => {
    const expiresAt = Math.floor(Date.now() / 1000) + 3_600;
    await admin('keys', { body: { id: 'short', customer: 'acme', expires_at: expiresAt } });
    const expiring = (): Message[] => came(own, ownSecret, 'key.expiring');
    await eventually('the alert', async () => Promise.resolve(expiring().length > 0 && came(ops, opsSecret, 'key.expiring').length > 0));
    expect(expiring()).toMatchObject([
      { data: { key: 'short', customer: 'acme', expires_at: new Date(expiresAt * 1000).toISOString(), before_s: 86_400 } },
    ]);
  }, 60_000);

  it('is a model without a price', async () => {
    await (await call(holdfast, '/v1/chat/completions', { body: chat('what', 'unpriced') })).text();
    await eventually('the alert', async () => Promise.resolve(came(ops, opsSecret, 'price.unknown').length > 0));
    expect(came(ops, opsSecret, 'price.unknown')).toMatchObject([{ data: { provider: 'sim', model: 'unpriced' } }]);
  }, 60_000);
});

describe('operators', () => {
  it('see what was raised, what is still so, and how it was told', async () => {
    type Alerts = { data: { type: string; open: boolean; deliveries: { status: string }[] }[] };
    const all = await eventually('all of them told', async () => {
      const listed = await admin<Alerts>('alerts');
      const told = listed.data.flatMap(({ deliveries }) => deliveries).every(({ status }) => status === 'delivered');
      return listed.data.length >= 6 && told && listed;
    });
    expect(all.data.map(({ type }) => type).sort()).toEqual([
      'budget.threshold', 'budget.threshold', 'budget.threshold', 'key.expiring', 'price.unknown', 'provider_key.disabled',
    ]);
    expect(all.data.every(({ open }) => open)).toBe(true);
    const some = await admin<{ data: { type: string }[] }>('alerts?type=budget.threshold&customer=acme&limit=2');
    expect(some.data).toHaveLength(2);
    expect((await admin<{ data: unknown[] }>('alerts?open=false')).data).toEqual([]);
  });

  it('have a message of the system sent again, under the same id', async () => {
    const { data } = await admin<{ data: { deliveries: { id: string }[] }[] }>('alerts?type=provider_key.disabled');
    const { id } = data[0]!.deliveries[0]!;
    const again = await admin<{ status: string }>(`alert_deliveries/${id}/redeliver`, { method: 'POST' });
    expect(again.status).toBe('pending');
    await eventually('it again', async () => Promise.resolve(idsOf(ops).filter((one) => one === id).length === 2));
  });

  it('see them as a table, and in the metrics of the routers', async () => {
    const { stdout } = await run(process.execPath, ['dist/tools/holdfast.js', 'alerts', '--data-dir', holdfast.dataDir],
      { env: { ...process.env, HOLDFAST_ADMIN_TOKEN: holdfast.adminToken } });
    console.log(stdout);
    expect(stdout).toContain('80 % of 0.0004 USD (key metered, per total)');
    expect(stdout).toContain('is out of rotation: credentials_rejected');
    const router = (await holdfast.processes()).router?.url ?? '';
    const metrics = await (await fetch(`${router}/metrics`)).text();
    expect(metrics).toMatch(/holdfast_alerts_total\{[^}]*alert="provider_key_disabled"[^}]*\} 1/);
  }, 60_000);

  it('find every alert the same when it is decided again from the log', async () => {
    const { stdout } = await run(process.execPath, [
      'dist/tools/holdfast.js', 'replay', '--decisions', '--json', '--data-dir', holdfast.dataDir,
    ], { maxBuffer: 1e8 }).catch((error: unknown) => error as { stdout: string });
    const replayed = JSON.parse(stdout) as { raised: number; different: number; differences: unknown[] };
    expect(replayed.differences).toEqual([]);
    expect(replayed).toMatchObject({ raised: 6, different: 0 });
  }, 60_000);
});
